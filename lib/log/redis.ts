/**
 * A log in Redis Streams, version 6.2 and up, for hubs on any number of machines: one Redis stream for
 * all streams of a hub.
 *
 * @module
 */

import { LOSS, type StoredEntry } from "./entries.ts";
import { type EventLog, randomEpoch } from "./log.ts";
import { type RedisClient, RedisConnection } from "./redis_connection.ts";
import type { RetentionOptions } from "./retention.ts";
import type { EntryStore } from "./entry_store.ts";
import { SharedLog } from "./shared.ts";

export type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
} from "./log.ts";
export type { RedisClient, RedisOverrides } from "./redis_connection.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openRedisLog}; one of `client` and `url` is needed. */
export interface RedisLogOptions extends RetentionOptions {
  /**
   * A client that the application has. The log makes two more with its settings and leaves it alone.
   */
  readonly client?: RedisClient;
  /**
   * Where Redis is: `redis[s]://[[user][:password]@]host[:port][/database]`. The package `redis` is
   * imported when the log is opened, and not before.
   */
  readonly url?: string;
  /**
   * The key of the Redis stream, and what other keys begin with; hubs with different keys know nothing
   * of each other.
   *
   * @default {"sse-hub"}
   */
  readonly key?: string;
}

/**
 * Makes a log in Redis, for `new BroadcastHub({ log: openRedisLog({ client }) })`; the hub opens and
 * closes it.
 *
 * What is published is in Redis when `publish()` resolves, and as durable as Redis is set to make it:
 * with `appendonly yes` and `appendfsync always` it survives the machine. While Redis is away,
 * publishing rejects and subscribers stay; then they get all they missed.
 *
 * @throws {TypeError} If there is neither a client nor a URL, or the URL is not one of Redis.
 * @throws {RangeError} If an option is not above 0.
 *
 * @example
 * ```ts ignore
 * import { BroadcastHub } from "@sse/hub";
 * import { openRedisLog } from "@sse/hub/redis";
 * import { createClient } from "redis";
 *
 * const hub = new BroadcastHub({ log: openRedisLog({ client: createClient() }) });
 * await hub.ready;
 * ```
 */
export function openRedisLog(options: RedisLogOptions): EventLog {
  const { client, url } = options;
  if (!client && !isRedisUrl(url)) {
    const got = url === undefined ? "neither" : "a url that is not one of Redis";
    throw new TypeError(
      `Cannot open log: expected a client, or a url such as redis://localhost:6379, got ${got}`,
    );
  }
  return new SharedLog(new RedisStore(options), options);
}

/** Whether a text is the URL of a Redis: with a host, and with nothing or a database as its path. */
export function isRedisUrl(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return false;
  const { protocol, hostname, pathname, username, password } = new URL(url);
  return /^rediss?:$/.test(protocol) && hostname !== "" && /^(?:\/[0-9]*)?$/.test(pathname) &&
    isDecodable(username) && isDecodable(password);
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Entries of one Redis stream, under the ids that Redis gives them. */
class RedisStore implements EntryStore {
  readonly placeLength = MS_LENGTH + SEQUENCE_LENGTH;
  // Redis itself takes 512 MB.
  readonly maxEntryBytes = 8_388_608;
  readonly #options: RedisLogOptions;
  readonly #key: string;
  readonly #maxLength: readonly string[];
  #epoch = randomEpoch();
  // A blocking read holds up its connection, so writing has one of its own.
  #writer: RedisConnection | undefined;
  #reader: RedisConnection | undefined;
  #place = "";
  #mayHaveLost = false;
  #isClosed = false;

  constructor(options: RedisLogOptions) {
    const { key = "sse-hub", maxEntries = 100_000 } = options;
    this.#options = options;
    this.#key = key;
    // The hubs drop what is too much. This bounds it where they can't, and is what they would not notice.
    this.#maxLength = maxEntries < Infinity ? ["MAXLEN", "~", `${Math.ceil(2 * maxEntries)}`] : [];
  }

  async open(onDown: (reason: unknown) => void): Promise<string> {
    const settings = this.#options.client ?? await createClient(this.#options.url!);
    const onError = (error: unknown) => {
      this.#mayHaveLost = true;
      onDown(error);
    };
    this.#writer = new RedisConnection(settings, onError);
    this.#reader = new RedisConnection(settings, onError);
    if (this.#isClosed) throw new Error("Cannot open log: it is closed");
    await Promise.all([this.#writer.connect(), this.#reader.connect()]);
    for (;;) {
      try {
        await this.#tryCommands();
        return this.#epoch = await this.#sharedEpoch();
      } catch (error) {
        if (this.#isClosed || !isPassing(error)) throw error;
        onDown(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async write(text: string): Promise<string> {
    const args = ["XADD", this.#key, ...this.#maxLength, "*", FIELD, text];
    return placeOf(await this.#send(args) as string);
  }

  async probe(): Promise<void> {
    await this.#restore();
    await this.#send(["SET", `${this.#key}:epoch`, this.#epoch, "NX"]);
  }

  async read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    const range = [idOf(fromPlace), "+", "COUNT", `${count}`];
    return storedEntries(await this.#send(["XRANGE", this.#key, ...range]));
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    this.#place = afterPlace;
    await this.#restore();
    const block = mayWait ? ["BLOCK", `${BLOCK_MS}`] : [];
    const from = ["STREAMS", this.#key, idOf(afterPlace)];
    const args = ["XREAD", "COUNT", `${count}`, ...block, ...from];
    const reply = await this.#reader!.send(BLOCK_MS + TIMEOUT_MS, args);
    return reply ? storedEntries(mapOf(reply).get(this.#key)) : [];
  }

  async trim(places: readonly string[], through: string): Promise<void> {
    const [ms, sequence] = idOf(places.at(-1)!).split("-");
    const trim = ["XTRIM", this.#key, "MINID", `${ms}-${Number(sequence) + 1}`];
    try {
      await this.#send(["EVAL", SET_IF_GREATER, "1", `${this.#key}:gone`, through]);
    } catch (error) {
      // A Redis that is full takes nothing more, but makes room; the next time it takes it.
      if (messageOf(error).startsWith("OOM ")) await this.#send(trim);
      throw error;
    }
    await this.#send(trim);
  }

  async gone(): Promise<string | undefined> {
    return await this.#send(["GET", `${this.#key}:gone`]) as string | null ?? undefined;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#writer?.close();
    this.#reader?.close();
    return Promise.resolve();
  }

  /**
   * Tries each command that it will need, so that a Redis that refuses one is known now, and not when
   * the log has to drop its first entry.
   */
  async #tryCommands(): Promise<void> {
    for (const args of harmlessCommands(this.#key, this.#epoch)) {
      try {
        await this.#send(args);
      } catch (error) {
        const message = messageOf(error);
        if (EXPECTED.test(message)) continue;
        if (isPassing(error)) throw error;
        throw new Error(
          `Cannot open log: Redis refuses ${args[0]} (${
            message.replace(/, with args .*/s, "")
          }); ` +
            `needed are Redis 6.2 or later and a user that may run ${COMMANDS} on the keys ` +
            `${this.#key} and ${this.#key}:*`,
        );
      }
    }
  }

  /** The epoch there is, or else its own from now on. */
  async #sharedEpoch(): Promise<string> {
    const key = `${this.#key}:epoch`;
    const epoch = await this.#send(["GET", key]);
    if (typeof epoch === "string") return epoch;
    await this.#send(["SET", key, this.#epoch, "NX"]);
    return await this.#send(["GET", key]) as string;
  }

  /**
   * A Redis that comes back may have lost its memory, or the latest of it. The first hub that has been
   * further says so at the place where it is, so that ids go on from there and all hear of the loss.
   */
  async #restore(): Promise<void> {
    if (!this.#mayHaveLost) return;
    if (/[^0]/.test(this.#place)) {
      try {
        await this.#send(["XADD", this.#key, idOf(this.#place), FIELD, LOSS]);
      } catch (error) {
        // It has come at least as far.
        if (!messageOf(error).includes("equal or smaller")) throw error;
      }
    }
    if (await this.#sharedEpoch() !== this.#epoch) {
      throw new Error("Redis has lost its memory and another hub has begun anew: restart this one");
    }
    this.#mayHaveLost = false;
  }

  #send(args: readonly string[]): Promise<unknown> {
    return this.#writer!.send(TIMEOUT_MS, args);
  }
}

const PACKAGE = "npm:redis@5.9.0";
const FIELD = "entry";
const RETRY_MS = 1_000;
const BLOCK_MS = 4_000;
const TIMEOUT_MS = 5_000;
const SET_IF_GREATER = `
local value = redis.call("GET", KEYS[1])
if not value or value < ARGV[1] then redis.call("SET", KEYS[1], ARGV[1]) end`;
const COMMANDS = "GET, SET, EVAL, XADD, XRANGE, XREAD and XTRIM";
// An entry with the id 0-0 is taken by no Redis; one that is full makes room when the log drops entries.
const EXPECTED = /must be greater than 0-0|^OOM /;
const MS_LENGTH = 9;
const SEQUENCE_LENGTH = 6;

// Not a literal: who doesn't ask for Redis downloads nothing.
async function createClient(url: string): Promise<RedisClient> {
  const { createClient } = await import(PACKAGE);
  const reconnectStrategy = (retries: number) => Math.min(50 * 2 ** retries, 1_000);
  return createClient({ url, socket: { reconnectStrategy } });
}

function placeOf(id: string): string {
  const [ms = "", sequence = ""] = id.split("-");
  return base36(ms, MS_LENGTH) + base36(sequence, SEQUENCE_LENGTH);
}

function base36(digits: string, length: number): string {
  return Number(digits).toString(36).padStart(length, "0");
}

function idOf(place: string): string {
  return `${parseInt(place.slice(0, MS_LENGTH), 36)}-${parseInt(place.slice(MS_LENGTH), 36)}`;
}

/** A command of each kind that the log sends. None changes anything, but `SET` where there is no epoch. */
function harmlessCommands(key: string, epoch: string): string[][] {
  return [
    ["GET", `${key}:epoch`],
    ["SET", `${key}:epoch`, epoch, "NX"],
    ["XADD", key, "0-0", FIELD, ""],
    ["XRANGE", key, "0-0", "0-0"],
    ["XREAD", "STREAMS", key, "$"],
    ["XTRIM", key, "MINID", "0-0"],
    ["EVAL", 'return redis.call("GET", KEYS[1])', "1", `${key}:gone`],
  ];
}

/** Whether an error says that it may be otherwise in a moment. */
function isPassing(error: unknown): boolean {
  return /^(?:[A-Z]+DOWN|BUSY|LOADING|READONLY) /.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

/** A map as RESP 3 has it; in RESP 2 it is a list, of pairs or of names and values by turns. */
function mapOf(reply: unknown): Map<string, unknown> {
  if (reply instanceof Map) return reply;
  if (!Array.isArray(reply)) return new Map(Object.entries(reply as Record<string, unknown>));
  if (Array.isArray(reply[0])) return new Map(reply);
  return new Map(
    Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]),
  );
}

function storedEntries(reply: unknown): StoredEntry[] {
  return (reply as [id: string, fields: string[]][]).map(([id, fields]) => ({
    place: placeOf(id),
    text: fields[1] ?? "",
  }));
}
