/**
 * A log in Redis Streams, version 6.2 and up, for hubs on any number of machines: one Redis stream for
 * all streams of a hub.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import { encodeEndRecord, type EndRecord } from "./shared/ends.ts";
import { checkFormat, FORMAT, type Item, type StoredEntry } from "./entries.ts";
import {
  type EntryStore,
  EpochError,
  type EpochState,
  type Placed,
  type WriteOptions,
} from "./entry_store.ts";
import { randomEpoch } from "../wire/ids.ts";
import type { EventLog } from "./event_log.ts";
import { isRedisUrl, parseMoved, parseSentinel } from "./redis/address.ts";
import { type RedisClient, RedisClients } from "./redis/client.ts";
import { RedisClock } from "./redis/clock.ts";
import { isRefusal, messageOf, Refusal } from "./redis/error.ts";
import { RedisLink } from "./redis/link.ts";
import { mapOf } from "./redis/reply.ts";
import { APPEND, TRIM } from "./redis/scripts.ts";
import { MAX_AGE_MS, retentionOf, type RetentionOptions, retentionRules } from "./retention.ts";
import { guard, reportTo } from "../wire/report.ts";
import { SharedLog } from "./shared_log.ts";

export type { ServerSentEvent } from "../wire/event.ts";
export type {
  Appended,
  AppendOptions,
  EventLog,
  HistoryLimits,
  LeftOut,
  LogEnd,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
  StreamLimits,
} from "./event_log.ts";
export type { HistogramCounts } from "../wire/histogram.ts";
export type { LogStats } from "./log_stats.ts";
export type {
  RedisClient,
  RedisOverrides,
  RedisSettings,
  RedisSocketSettings,
} from "./redis/client.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openRedisLog}; one of `client`, `url` and `sentinels` is needed. */
export interface RedisLogOptions extends RetentionOptions {
  /**
   * A client that the application has: what `createClient()` of the packages `@redis/client` and `redis`
   * returns, versions 5 and 6. The log makes others with its settings and leaves it alone; a
   * `reconnectStrategy` of its own has no effect on those.
   */
  readonly client?: RedisClient;
  /**
   * Where Redis is: `redis[s]://[[user][:password]@]host[:port][/database]`. The package
   * `@redis/client` is imported when the log is opened, and not before. With `sentinels` the host and
   * the port have no effect.
   */
  readonly url?: string;
  /** The certificates to trust, as PEM, for a `url` of `rediss:`. By default those of the runtime. */
  readonly ca?: string;
  /**
   * Sentinels that know where the master is: `[redis[s]://][[user][:password]@]host[:port]`, the port
   * 26379 unless it is given. User, password, database and TLS of the master are those of `client` or
   * `url`.
   */
  readonly sentinels?: readonly string[];
  /** The name of the master, as the sentinels know it; needed with `sentinels`. */
  readonly master?: string;
  /**
   * The key of the Redis stream. The other keys are `{<key>}:<name>`, so that a Redis Cluster keeps all
   * of them on one node. Hubs with different keys know nothing of each other.
   *
   * @default {"sse-hub"}
   */
  readonly key?: string;
  /** Is told once, when the log is opened, what endangers it: a Redis that may evict its keys. */
  readonly onWarning?: (text: string) => void;
}

/**
 * Makes a log in Redis, for `new BroadcastHub({ log: openRedisLog({ client }) })`; the hub opens and
 * closes it.
 *
 * What is published is in Redis when `publish()` resolves, and as durable as Redis is set to make it:
 * with `appendonly yes` and `appendfsync always` it survives the machine. While Redis is away,
 * publishing rejects and subscribers stay; then they get all they missed.
 *
 * @throws {TypeError} If there is no client, URL or sentinel, if one of the texts names no server, or if
 * there is no such option.
 * @throws {RangeError} If an option is not above 0.
 *
 * @example
 * ```ts ignore
 * import { BroadcastHub } from "@sse/hub";
 * import { openRedisLog } from "@sse/hub/redis";
 * import { createClient } from "@redis/client";
 *
 * const hub = new BroadcastHub({ log: openRedisLog({ client: createClient() }) });
 * await hub.ready;
 * ```
 */
export function openRedisLog(options: RedisLogOptions): EventLog {
  checkOptions("open log", options, RULES);
  const { client, url, sentinels = [], master, key = DEFAULT_KEY } = options;
  if (client ? false : url === undefined ? sentinels.length === 0 : !isRedisUrl(url)) {
    const got = url === undefined ? "neither" : "a url that is not one of Redis";
    throw new TypeError(
      `Cannot open log: expected a client, or a url such as redis://localhost:6379, got ${got}`,
    );
  }
  if (!sentinels.every(parseSentinel) || (sentinels.length > 0) !== Boolean(master)) {
    throw new TypeError(
      "Cannot open log: expected sentinels such as localhost:26379 together with the name of a master",
    );
  }
  if (key.includes("}") && !HASH_TAG.test(key)) {
    throw new TypeError(
      "Cannot open log: expected a key without }, or with a hash tag such as {a}",
    );
  }
  return new SharedLog(new RedisStore(options), retentionOf(options));
}

const RULES: OptionRules<RedisLogOptions> = {
  ...retentionRules,
  client: ANY,
  url: ANY,
  ca: ANY,
  sentinels: ANY,
  master: ANY,
  key: ANY,
  onWarning: ANY,
};

/** Entries of one Redis stream, under the ids that Redis gives them. */
class RedisStore implements EntryStore {
  readonly placeLength = MS_LENGTH + SEQUENCE_LENGTH;
  // Redis itself takes 512 MB.
  readonly maxEntryBytes = 8_388_608;
  readonly maxEntryKeys = 100_000;
  readonly #options: RedisLogOptions;
  readonly #key: string;
  readonly #maxAgeMs: string;
  readonly #clock = new RedisClock();
  // What the other keys begin with.
  #prefix: string;
  #link: RedisLink | undefined;
  #isClosed = false;

  constructor(options: RedisLogOptions) {
    const { key = DEFAULT_KEY, maxAgeMs = MAX_AGE_MS } = options;
    this.#options = options;
    this.#key = key;
    this.#prefix = tagged(key);
    this.#maxAgeMs = maxAgeMs < Infinity ? `${Math.ceil(maxAgeMs)}` : "";
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  async open(onDown: (reason: unknown) => void): Promise<string> {
    const { client, url = "redis://localhost", ca } = this.#options;
    const clients = client ? new RedisClients(client) : await RedisClients.of(url, ca);
    if (this.#isClosed) throw new Error("Cannot open log: it is closed");
    const link = this.#link = this.#connect(clients, onDown);
    try {
      await link.open();
      for (;;) {
        try {
          return await this.#prepare(link);
        } catch (error) {
          if (this.#isClosed || isRefusal(error)) throw error;
          // Sent to another node, it goes there at once.
          if (parseMoved(messageOf(error))) continue;
          onDown(error);
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    } catch (error) {
      link.close();
      throw error;
    }
  }

  async write(items: readonly Item[], options: WriteOptions): Promise<readonly Placed[]> {
    const keys = [...new Set(items.flatMap(({ key }) => key === undefined ? [] : [key]))];
    const numbers = new Map(keys.map((key, i) => [key, i + 1]));
    const names = [
      this.#key,
      ...["epoch", "number", ...keys.map((key) => `key:${key}`)].map(
        (name) => `${this.#prefix}:${name}`,
      ),
    ];
    const { epoch, floor, number } = options;
    try {
      const placed = await this.#eval(APPEND, names, [
        ...[epoch, idOf(floor), `${number}`, this.#maxAgeMs],
        ...items.flatMap(({ text, key }) => [text, `${numbers.get(key ?? "") ?? 0}`]),
      ]);
      return (placed as string[]).map((text) => {
        const [id = "", index] = text.split(":");
        return { place: placeOf(id), index: Number(index) };
      });
    } catch (error) {
      const message = messageOf(error);
      throw message.startsWith("EPOCH ") ? new EpochError(message) : error;
    }
  }

  async epoch(own: string): Promise<EpochState> {
    // All are one round trip; without the number the log can do.
    const [known, time, number] = await Promise.all([
      this.#send(["GET", `${this.#prefix}:epoch`]),
      this.#send(["TIME"]),
      this.#link!.ask(TIMEOUT_MS, ["GET", `${this.#prefix}:number`]).catch(() => null),
    ]);
    this.#clock.note(time);
    if (typeof known === "string") {
      return { epoch: known, wasMissing: false, number: number ? Number(number) : undefined };
    }
    // A hub that has begun anew has begun with the keys of this version.
    this.#prefix = tagged(this.#key);
    await this.#findKeys(this.#link!);
    const key = `${this.#prefix}:epoch`;
    await this.#send(["SET", key, own, "NX"]);
    return { epoch: await this.#send(["GET", key]) as string, wasMissing: true };
  }

  async probe(): Promise<void> {
    await this.#link!.ready(TIMEOUT_MS);
    await this.#send(probe(this.#prefix));
  }

  async read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    const range = [idOf(fromPlace), "+", "COUNT", `${count}`];
    return storedEntries(await this.#send(["XRANGE", this.#key, ...range]));
  }

  async readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]> {
    const before = beforePlace === undefined ? "+" : `(${idOf(beforePlace)}`;
    const range = [before, "-", "COUNT", `${count}`];
    return storedEntries(await this.#send(["XREVRANGE", this.#key, ...range]));
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    await this.#link!.ready(TIMEOUT_MS);
    const block = mayWait ? ["BLOCK", `${BLOCK_MS}`] : [];
    const from = ["STREAMS", this.#key, idOf(afterPlace)];
    const args = ["XREAD", "COUNT", `${count}`, ...block, ...from];
    const reply = await this.#link!.sendBlocking(BLOCK_MS + TIMEOUT_MS, args);
    return reply ? storedEntries(mapOf(reply).get(this.#key)) : [];
  }

  async trim(
    places: readonly string[],
    through: string,
    ends: readonly EndRecord[] = [],
  ): Promise<void> {
    const [ms, sequence] = idOf(places.at(-1)!).split("-");
    const oldest = `${ms}-${Number(sequence) + 1}`;
    try {
      await this.#eval(
        TRIM,
        [this.#key, `${this.#prefix}:gone`, `${this.#prefix}:ends`],
        [oldest, through, this.#maxAgeMs, ...ends.flatMap((end) => [end.id, encodeEndRecord(end)])],
      );
    } catch (error) {
      // A Redis that is full takes nothing more, but makes room; the next time it takes it.
      if (messageOf(error).startsWith("OOM ")) {
        await this.#send(["XTRIM", this.#key, "MINID", oldest]);
      }
      throw error;
    }
  }

  async gone(): Promise<string | undefined> {
    return await this.#send(["GET", `${this.#prefix}:gone`]) as string | null ?? undefined;
  }

  async ends(): Promise<string[]> {
    const texts: string[] = [];
    for (let from = "-";;) {
      const range = [from, "+", "COUNT", `${MAX_ENDS}`];
      const page = await this.#send(["XRANGE", `${this.#prefix}:ends`, ...range]) as RedisEntry[];
      texts.push(...page.map(([, fields]) => fields[1] ?? ""));
      if (page.length < MAX_ENDS) return texts;
      from = `(${page.at(-1)![0]}`;
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#link?.close();
    return Promise.resolve();
  }

  #connect(clients: RedisClients, onDown: (reason: unknown) => void): RedisLink {
    const { sentinels = [], master = "" } = this.#options;
    return new RedisLink({
      clients,
      sentinels: sentinels.map((sentinel) => parseSentinel(sentinel)!),
      master,
      onDown,
    });
  }

  async #prepare(link: RedisLink): Promise<string> {
    await link.ready(Infinity);
    await this.#findKeys(link);
    await this.#tryCommands();
    const epoch = await this.#openEpoch();
    await this.#warn(link);
    return epoch;
  }

  /**
   * Goes on with the keys `<key>:<name>` where an earlier version has begun with them. They have no hash
   * tag, so that a Redis Cluster may have them on another node: then nobody has begun with them.
   */
  async #findKeys(link: RedisLink): Promise<void> {
    if (this.#prefix === this.#key || await this.#exists(link, `${this.#prefix}:epoch`)) return;
    if (await this.#exists(link, `${this.#key}:epoch`)) this.#prefix = this.#key;
  }

  async #exists(link: RedisLink, key: string): Promise<boolean> {
    try {
      return typeof await link.ask(TIMEOUT_MS, ["GET", key]) === "string";
    } catch (error) {
      const message = messageOf(error);
      if (message.startsWith("NOPERM ") || parseMoved(message)) return false;
      throw error;
    }
  }

  /**
   * Tries each command that it will need, so that a Redis that refuses one is known now, and not when
   * the log has to drop its first entry.
   */
  async #tryCommands(): Promise<void> {
    for (const args of harmlessCommands(this.#key, this.#prefix)) {
      try {
        await this.#send(args);
      } catch (error) {
        const message = messageOf(error);
        if (EXPECTED.test(message)) continue;
        if (!isRefusal(error)) throw error;
        throw new Refusal(
          `Cannot open log: Redis refuses ${args[0]} (${
            message.replace(/, with args .*/s, "")
          }); ` +
            `needed are Redis 6.2 or later and a user that may run ${COMMANDS} on the keys ` +
            `${this.#key} and ${this.#prefix}:*`,
        );
      }
    }
  }

  /** Tells of a Redis that may evict the keys of the log, where its user may know. */
  async #warn(link: RedisLink): Promise<void> {
    const { onWarning } = this.#options;
    if (!onWarning) return;
    const info = await link.ask(TIMEOUT_MS, ["INFO", "memory"]).catch(() => "");
    const [, policy] = /^maxmemory_policy:(allkeys-[a-z-]+)/m.exec(`${info}`) ?? [];
    if (policy === undefined) return;
    const text =
      `Redis may evict the event log: its maxmemory-policy is ${policy}; set it to noeviction`;
    guard(reportTo(undefined), () => onWarning(text));
  }

  /**
   * The epoch there is, once the format is one that is known here. Where there is none and entries are
   * there, the key may have been evicted: the epoch is that of the oldest entry. Versions that wrote no
   * epoch with an entry restore the key, which is waited for.
   */
  async #openEpoch(): Promise<string> {
    const format = `${this.#prefix}:format`;
    const found = await this.#send(["GET", format]) ?? 0;
    try {
      checkFormat(found);
    } catch (error) {
      throw new Refusal(messageOf(error));
    }
    await this.#send(["SET", format, `${FORMAT}`]);
    for (let tries = 0; tries < EPOCH_TRIES; tries++) {
      this.#clock.note(await this.#send(["TIME"]));
      const known = await this.#send(["GET", `${this.#prefix}:epoch`]);
      if (typeof known === "string") return known;
      const [oldest] = await this.read(ZERO, 1);
      if (!oldest || oldest.epoch) return (await this.epoch(oldest?.epoch ?? randomEpoch())).epoch;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return (await this.epoch(randomEpoch())).epoch;
  }

  #eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#send(["EVAL", script, `${keys.length}`, ...keys, ...args]);
  }

  #send(args: readonly string[]): Promise<unknown> {
    return this.#link!.send(TIMEOUT_MS, args);
  }
}

const DEFAULT_KEY = "sse-hub";
const FIELD = "entry";
/** As many ends as are read at once. */
const MAX_ENDS = 10_000;
const RETRY_MS = 1_000;
const BLOCK_MS = 4_000;
const TIMEOUT_MS = 5_000;
const COMMANDS = "GET, SET, TIME, EVAL, XADD, XRANGE, XREVRANGE, XREAD and XTRIM";
// An entry with the id 0-0 is taken by no Redis; one that is full makes room when the log drops entries.
const EXPECTED = /must be greater than 0-0|^OOM /;
// The part of a key that says where a Redis Cluster keeps it.
const HASH_TAG = /^[^{]*\{[^}]+\}/;
const MS_LENGTH = 9;
const SEQUENCE_LENGTH = 6;
const ZERO = "0".repeat(MS_LENGTH + SEQUENCE_LENGTH);
/** As often as is waited for another hub to restore the epoch. */
const EPOCH_TRIES = 3;

/** What the other keys of a stream's key begin with, so that a Redis Cluster keeps them beside it. */
function tagged(key: string): string {
  return HASH_TAG.test(key) ? key : `{${key}}`;
}

type RedisEntry = [id: string, fields: string[]];

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

function probe(prefix: string): string[] {
  return ["SET", `${prefix}:probe`, "", "PX", "1"];
}

/** A command of each kind that the log sends. None changes anything. */
function harmlessCommands(key: string, prefix: string): string[][] {
  return [
    ["GET", `${prefix}:epoch`],
    probe(prefix),
    ["TIME"],
    ["XADD", key, "0-0", FIELD, ""],
    ["XRANGE", key, "0-0", "0-0"],
    ["XREVRANGE", key, "0-0", "0-0"],
    ["XREAD", "STREAMS", key, "$"],
    ["XTRIM", key, "MINID", "0-0"],
    ["EVAL", 'return redis.call("GET", KEYS[1])', "1", `${prefix}:gone`],
  ];
}

function storedEntries(reply: unknown): StoredEntry[] {
  return (reply as RedisEntry[]).map(([id, fields]) => ({
    place: placeOf(id),
    text: fields[1] ?? "",
    epoch: fields[2] === "epoch" ? fields[3] : undefined,
  }));
}
