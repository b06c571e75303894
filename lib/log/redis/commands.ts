/**
 * The trial of all commands when a log in Redis opens.
 *
 * @module
 */

import { FIELD } from "./entries.ts";
import { isRefusal, messageOf, Refusal } from "./error.ts";
import type { RedisKeys } from "./keys.ts";
import { type RedisLink, TIMEOUT_MS } from "./link.ts";

/**
 * Tries each command that the log needs. A missing right is found at once, and not when the log first has
 * to trim an entry.
 *
 * @throws {Refusal} If Redis refuses a command.
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
          `the log needs Redis 6.2 or later and a user that may run ${COMMANDS} on the keys ` +
          `${keys.stream} and ${keys.of("*")}`,
      );
    }
  }
}

/** Returns a command that writes a key that nothing reads. */
export function probe(keys: RedisKeys): string[] {
  return ["SET", keys.of("probe"), "", "PX", "1"];
}

/** Returns a harmless command of each kind that the log sends. */
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
// Every Redis rejects the id 0-0. A full Redis gets room again when the log trims entries.
const EXPECTED = /must be greater than 0-0|^OOM /;
