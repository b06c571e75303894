/**
 * A log in Redis 6.2 or later, for hubs on any number of machines. One Redis stream has the events of all
 * streams of a hub.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import type { EventLog } from "./event_log.ts";
import { isRedisUrl, parseSentinel } from "./redis/address.ts";
import type { RedisClient } from "./redis/client.ts";
import { DEFAULT_KEY, isLogKey } from "./redis/keys.ts";
import { RedisStore } from "./redis/store.ts";
import { retentionOf, type RetentionOptions, retentionRules } from "./retention.ts";
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
  LossDetails,
  ReadOptions,
  StreamLimits,
} from "./event_log.ts";
export type { HistogramCounts } from "../wire/histogram.ts";
export type { LogStats } from "./log_stats.ts";
export type { Note, Notes, NoteTopic } from "./notes.ts";
export type {
  RedisClient,
  RedisCommandSettings,
  RedisOverrides,
  RedisSettings,
  RedisSocketSettings,
} from "./redis/client.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openRedisLog}. One of `client`, `url` and `sentinels` is required. */
export interface RedisLogOptions extends RetentionOptions {
  /**
   * A client of the application, made with `createClient()` of the package `@redis/client` or `redis`,
   * version 5 or 6. The log leaves this client alone and makes clients of its own with the same settings;
   * only `reconnectStrategy` has no effect on them.
   */
  readonly client?: RedisClient;
  /**
   * The URL of Redis: `redis[s]://[[user][:password]@]host[:port][/database]`. The log imports the package
   * `@redis/client` only when it opens. With `sentinels`, host and port have no effect.
   */
  readonly url?: string;
  /** The certificates to trust for a `rediss:` URL, as PEM. By default, the runtime's certificates. */
  readonly ca?: string;
  /**
   * The addresses of the sentinels: `[redis[s]://][[user][:password]@]host[:port]`, with the default port
   * 26379. User, password, database and TLS of the master come from `client` or `url`.
   */
  readonly sentinels?: readonly string[];
  /** The name of the master in the sentinels' configuration; required with `sentinels`. */
  readonly master?: string;
  /**
   * The key of the Redis stream. All other keys are `{<key>}:<name>`, so that a Redis Cluster keeps them
   * on the same node. Hubs with different keys are independent of each other.
   *
   * @default {"sse-hub"}
   */
  readonly key?: string;
  /** Called once when the log opens, if Redis may evict the log's keys. */
  readonly onWarning?: (text: string) => void;
}

/**
 * Makes a log in Redis, for `new BroadcastHub({ log: openRedisLog({ client }) })`. The hub opens and
 * closes the log.
 *
 * When `publish()` resolves, the event is in Redis, and is as durable as Redis is configured to make it:
 * with `appendonly yes` and `appendfsync always`, the event survives a crash of the machine. While Redis
 * is unreachable, `publish()` rejects, and subscribers stay connected; after the outage they get every
 * event that they missed.
 *
 * @throws {TypeError} If no client, URL or sentinel is given, if an address or the key is invalid, or if
 * an option is unknown.
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
    const got = url === undefined ? "neither" : "a url that is not a Redis URL";
    throw new TypeError(
      `Cannot open log: expected a client, or a url such as redis://localhost:6379, got ${got}`,
    );
  }
  if (!sentinels.every(parseSentinel) || (sentinels.length > 0) !== Boolean(master)) {
    throw new TypeError(
      "Cannot open log: expected sentinels such as localhost:26379 together with the name of a master",
    );
  }
  if (!isLogKey(key)) {
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
