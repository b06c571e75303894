/**
 * The keys of a log in Redis: `<key>` for its Redis stream, and `{<key>}:<name>` for everything else.
 *
 * @module
 */

import { parseMoved } from "./address.ts";
import { messageOf } from "./error.ts";
import { type RedisLink, TIMEOUT_MS } from "./link.ts";

/** The default key of the Redis stream. */
export const DEFAULT_KEY = "sse-hub";

// The part of a key that decides on which node a Redis Cluster keeps the key.
const HASH_TAG = /^[^{]*\{[^}]+\}/;

/** Whether a key is valid for a log: a Redis Cluster must keep all keys of the log on one node. */
export function isLogKey(key: string): boolean {
  return !key.includes("}") || HASH_TAG.test(key);
}

/** The keys of a log. */
export class RedisKeys {
  /** The key of the Redis stream. */
  readonly stream: string;
  #prefix: string;

  /** Begins with the keys of the current version. */
  constructor(stream: string) {
    this.stream = stream;
    this.#prefix = tagged(stream);
  }

  /** The prefix, without its colon, of all keys but the stream's. */
  get prefix(): string {
    return this.#prefix;
  }

  /** Returns the key with a name, `<prefix>:<name>`. */
  of(name: string): string {
    return `${this.#prefix}:${name}`;
  }

  /**
   * Uses the keys `<key>:<name>` if an earlier version has created the log with them. Those keys have no
   * hash tag, so a Redis Cluster may keep them on another node than the stream: then no earlier version
   * can have created the log.
   */
  async find(link: RedisLink): Promise<void> {
    const { stream } = this;
    if (this.#prefix === stream || await exists(link, this.of("epoch"))) return;
    if (await exists(link, `${stream}:epoch`)) this.#prefix = stream;
  }

  /** Finds the keys of a log that may have begun anew, in which case the current version's keys hold. */
  async findAnew(link: RedisLink): Promise<void> {
    this.#prefix = tagged(this.stream);
    await this.find(link);
  }
}

/** Returns the prefix of a log's keys, with a hash tag that keeps them on the stream's node. */
function tagged(key: string): string {
  return HASH_TAG.test(key) ? key : `{${key}}`;
}

async function exists(link: RedisLink, key: string): Promise<boolean> {
  try {
    return typeof await link.ask(TIMEOUT_MS, ["GET", key]) === "string";
  } catch (error) {
    const message = messageOf(error);
    if (message.startsWith("NOPERM ") || parseMoved(message)) return false;
    throw error;
  }
}
