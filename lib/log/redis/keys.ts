/**
 * The keys of a log in Redis: the key of its Redis stream, and `{<key>}:<name>` for everything else.
 *
 * @module
 */

import { parseMoved } from "./address.ts";
import { messageOf } from "./error.ts";
import { type RedisLink, TIMEOUT_MS } from "./link.ts";

/** The key of a Redis stream unless another is given. */
export const DEFAULT_KEY = "sse-hub";

// The part of a key that says where a Redis Cluster keeps it.
const HASH_TAG = /^[^{]*\{[^}]+\}/;

/** Whether a key can be that of a log: all keys made of it are kept on one node of a Redis Cluster. */
export function isLogKey(key: string): boolean {
  return !key.includes("}") || HASH_TAG.test(key);
}

/** The keys of one log. */
export class RedisKeys {
  /** The key of the Redis stream. */
  readonly stream: string;
  #prefix: string;

  /** Begins with the keys of this version. */
  constructor(stream: string) {
    this.stream = stream;
    this.#prefix = tagged(stream);
  }

  /** What the keys other than the stream begin with, before a colon. */
  get prefix(): string {
    return this.#prefix;
  }

  /** Returns the key of a name. */
  of(name: string): string {
    return `${this.#prefix}:${name}`;
  }

  /**
   * Goes on with the keys `<key>:<name>` where an earlier version has begun with them. They have no hash
   * tag, so that a Redis Cluster may have them on another node: then nobody has begun with them.
   */
  async find(link: RedisLink): Promise<void> {
    const { stream } = this;
    if (this.#prefix === stream || await exists(link, this.of("epoch"))) return;
    if (await exists(link, `${stream}:epoch`)) this.#prefix = stream;
  }

  /** Finds the keys of a log that has begun anew: it has begun with the keys of this version. */
  async findAnew(link: RedisLink): Promise<void> {
    this.#prefix = tagged(this.stream);
    await this.find(link);
  }
}

/** What the other keys of a stream's key begin with, so that a Redis Cluster keeps them beside it. */
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
