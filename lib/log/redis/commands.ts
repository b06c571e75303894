/**
 * Tries the commands of a log when it is opened.
 *
 * @module
 */

import { FIELD } from "./entries.ts";
import { isRefusal, messageOf, Refusal } from "./error.ts";
import type { RedisKeys } from "./keys.ts";
import { type RedisLink, TIMEOUT_MS } from "./link.ts";

/**
 * Tries each command that the log will need, so that a Redis that refuses one is known now, and not when
 * the log has to drop its first entry.
 *
 * @throws {Refusal} If Redis refuses one.
 */
export async function tryCommands(link: RedisLink, keys: RedisKeys): Promise<void> {
  for (const args of harmlessCommands(keys)) {
    try {
      await link.send(TIMEOUT_MS, args);
    } catch (error) {
      const message = messageOf(error);
      if (EXPECTED.test(message)) continue;
      if (!isRefusal(error)) throw error;
      throw new Refusal(
        `Cannot open log: Redis refuses ${args[0]} (${message.replace(/, with args .*/s, "")}); ` +
          `needed are Redis 6.2 or later and a user that may run ${COMMANDS} on the keys ` +
          `${keys.stream} and ${keys.of("*")}`,
      );
    }
  }
}

/** Returns a command that writes something that nobody reads. */
export function probe(keys: RedisKeys): string[] {
  return ["SET", keys.of("probe"), "", "PX", "1"];
}

/** A command of each kind that the log sends. None changes anything. */
function harmlessCommands(keys: RedisKeys): string[][] {
  const { stream } = keys;
  return [
    ["GET", keys.of("epoch")],
    probe(keys),
    ["TIME"],
    ["XADD", stream, "0-0", FIELD, ""],
    ["XRANGE", stream, "0-0", "0-0"],
    ["XREVRANGE", stream, "0-0", "0-0"],
    ["XREAD", "STREAMS", stream, "$"],
    ["XTRIM", stream, "MINID", "0-0"],
    ["EVAL", 'return redis.call("GET", KEYS[1])', "1", keys.of("gone")],
  ];
}

const COMMANDS = "GET, SET, TIME, EVAL, XADD, XRANGE, XREVRANGE, XREAD and XTRIM";
// An entry with the id 0-0 is taken by no Redis; one that is full makes room when the log drops entries.
const EXPECTED = /must be greater than 0-0|^OOM /;
