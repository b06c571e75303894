/**
 * A log in Redis Streams, version 6.2 and up, for hubs on any number of machines: one Redis stream for
 * all streams of a hub.
 *
 * @module
 */

import type { StoredEntry } from "./entries.ts";
import { type EventLog, randomEpoch } from "./log.ts";
import type { RetentionOptions } from "./retention.ts";
import { type EntryStore, SharedLog } from "./shared.ts";

export type { AppendOptions, EventLog, LogEntry, LogPage, LogReceiver } from "./log.ts";
export type { RetentionOptions } from "./retention.ts";

/** What the log needs of a client, as the packages `redis` and `@redis/client` have it from version 5 on. */
export interface RedisClient {
  /** Makes another client with the same settings, but for these. */
  duplicate(overrides: RedisOverrides): RedisClient;
  /** Connects, and from then on again whenever the connection is lost. */
  connect(): Promise<unknown>;
  /** Sends a command; rejects while there is no connection. */
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Has a listener called with each error of the connection. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Ends the connection, and rejects what waits. */
  destroy(): void;
}

/** What the log's own connections have of their own. */
export interface RedisOverrides {
  /** While there is no connection, a command is rejected at once. */
  readonly disableOfflineQueue: true;
}

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
    throw new TypeError(
      `Cannot open log: expected a client, or a url such as redis://localhost:6379, got ${url}`,
    );
  }
  return new SharedLog(new RedisStore(options), options);
}

/** Whether a text is the URL of a Redis. */
export function isRedisUrl(url: string | undefined): boolean {
  return url !== undefined && /^rediss?:\/\//.test(url) && URL.canParse(url);
}

/** Entries of one Redis stream, under the ids that Redis gives them. */
class RedisStore implements EntryStore {
  readonly placeLength = MS_LENGTH + SEQUENCE_LENGTH;
  // Redis itself takes 512 MB.
  readonly maxEntryBytes = 8_388_608;
  readonly #options: RedisLogOptions;
  readonly #key: string;
  readonly #maxEntries: number;
  #epoch = randomEpoch();
  // A blocking read holds up its connection, so writing has one of its own.
  #writer: RedisClient | undefined;
  #reader: RedisClient | undefined;
  #isClosed = false;

  constructor(options: RedisLogOptions) {
    const { key = "sse-hub", maxEntries = 100_000 } = options;
    this.#options = options;
    this.#key = key;
    this.#maxEntries = maxEntries;
  }

  async open(onDown: (reason: unknown) => void): Promise<string> {
    const client = this.#options.client ?? await createClient(this.#options.url!);
    this.#writer = client.duplicate(OVERRIDES);
    this.#reader = client.duplicate(OVERRIDES);
    if (this.#isClosed) throw new Error("Cannot open log: it is closed");
    for (const client of [this.#writer, this.#reader]) client.on("error", onDown);
    await Promise.all([this.#writer.connect(), this.#reader.connect()]);
    await this.probe();
    this.#epoch = await this.#send(["GET", `${this.#key}:epoch`]) as string;
    return this.#epoch;
  }

  async write(text: string): Promise<string> {
    const maxLength = ["MAXLEN", "~", `${this.#maxEntries}`];
    return placeOf(
      await this.#send(["XADD", this.#key, ...maxLength, "*", FIELD, text]) as string,
    );
  }

  // A Redis that has lost its memory gets the epoch back that its clients know.
  async probe(): Promise<void> {
    await this.#send(["SET", `${this.#key}:epoch`, this.#epoch, "NX"]);
  }

  async read(fromPlace: string): Promise<StoredEntry[]> {
    const range = [idOf(fromPlace), "+", "COUNT", `${PAGE_COUNT}`];
    return storedEntries(await this.#send(["XRANGE", this.#key, ...range]));
  }

  async next(afterPlace: string, mayWait: boolean): Promise<StoredEntry[]> {
    const block = mayWait ? ["BLOCK", `${BLOCK_MS}`] : [];
    const from = ["STREAMS", this.#key, idOf(afterPlace)];
    const args = ["XREAD", "COUNT", `${PAGE_COUNT}`, ...block, ...from];
    const reply = await within(BLOCK_MS + TIMEOUT_MS, this.#reader!.sendCommand(args));
    return reply ? storedEntries(mapOf(reply).get(this.#key)) : [];
  }

  async gone(): Promise<{ readonly through: string } | { readonly before: string } | undefined> {
    const info = await this.#info();
    if (!info) return undefined;
    const added = info.get("entries-added");
    // Redis 6 doesn't count them, so that any may be gone.
    if (added !== undefined && added === info.get("length")) return undefined;
    const first = info.get("first-entry") as [string] | null;
    if (first) return { before: placeOf(first[0]) };
    return { through: placeOf(info.get("last-generated-id") as string) };
  }

  async trim(places: readonly string[]): Promise<void> {
    const [ms, sequence] = idOf(places.at(-1)!).split("-");
    await this.#send(["XTRIM", this.#key, "MINID", `${ms}-${Number(sequence) + 1}`]);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const client of [this.#writer, this.#reader]) {
      try {
        client?.destroy();
      } catch {
        // It has never been open, or is closed already.
      }
    }
    return Promise.resolve();
  }

  async #info(): Promise<Map<string, unknown> | undefined> {
    try {
      return mapOf(await this.#send(["XINFO", "STREAM", this.#key]));
    } catch (error) {
      if (error instanceof Error && error.message.includes("no such key")) return undefined;
      throw error;
    }
  }

  #send(args: readonly string[]): Promise<unknown> {
    return within(TIMEOUT_MS, this.#writer!.sendCommand(args));
  }
}

const OVERRIDES = { disableOfflineQueue: true } as const;
const PACKAGE = "npm:redis@5.9.0";
const FIELD = "entry";
const PAGE_COUNT = 100;
const BLOCK_MS = 4_000;
const TIMEOUT_MS = 5_000;
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

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
