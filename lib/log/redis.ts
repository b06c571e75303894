/**
 * A log in Redis Streams, version 6.2 and up, for hubs on any number of machines: one Redis stream for
 * all streams of a hub.
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
