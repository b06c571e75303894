/**
 * What the server is configured with.
 *
 * @module
 */

import type { SlowPolicy } from "../stream.ts";
import type { LogFormat } from "./request_log.ts";

/** What the server runs with; the README's table of options says the rest. */
export interface Config {
  /** `HOST`: the address to listen on. */
  readonly host: string;
  /** `PORT`: the port to listen on; 0 for any that is free. */
  readonly port: number;
  /** `TLS_CERT`: the certificate chain, PEM; with it the server speaks HTTPS and HTTP/2. */
  readonly tlsCert: string | undefined;
  /** `TLS_KEY`: its private key, PEM. */
  readonly tlsKey: string | undefined;
  /** `REUSE_PORT`: whether other processes may listen on the same port. */
  readonly reusePort: boolean;
  /** `LOG_FORMAT`: how a log line looks. */
  readonly logFormat: LogFormat;
  /** `TRUST_PROXY`: how many proxies stand in front, whose `X-Forwarded-For` is believed. */
  readonly trustProxy: number;
  /**
   * `ALLOWED_HOSTS`: the host names that are served, beside those that are always; `undefined` for all,
   * but for clients on this machine without a proxy in between.
   */
  readonly allowedHosts: readonly string[] | undefined;
  /** `INTERVAL_MS`: the time between two events of the clocks, in milliseconds. */
  readonly intervalMs: number;
  /** `STREAMS`: the only streams there may be; `undefined` for any. */
  readonly streams: readonly string[] | undefined;
  /** `HISTORY_EVENTS`: the most events kept of a stream. */
  readonly historyEvents: number;
  /** `HISTORY_BYTES`: the most encoded bytes kept of a stream. */
  readonly historyBytes: number;
  /** `HISTORY_SECONDS`: how long an event is kept, in seconds. */
  readonly historySeconds: number;
  /** `HISTORY_TOTAL_BYTES`: the most encoded bytes kept of all streams. */
  readonly historyTotalBytes: number;
  /** `MAX_STREAMS`: the most streams, where `STREAMS` does not list them. */
  readonly maxStreams: number;
  /** `SLOW_SUBSCRIBER`: what a subscriber gets that falls out of the history. */
  readonly slowSubscriber: SlowPolicy;
  /** `RETRY_MS`: how long a client waits before it reconnects, in milliseconds. */
  readonly retryMs: number;
  /** `HEARTBEAT_SECONDS`: the longest silence on a connection, in seconds; 0 is off. */
  readonly heartbeatSeconds: number;
  /** `STALL_SECONDS`: how long a client may take nothing of what waits for it; 0 is off. */
  readonly stallSeconds: number;
  /** `DRAIN_SECONDS`: how long stopping may take, in seconds. */
  readonly drainSeconds: number;
  /** `PUBLISH_TOKEN`: the bearer token that may do everything. */
  readonly publishToken: string | undefined;
  /** `JWT_KEY`: an HS256 secret, or an ES256 public key as PEM, of tokens that may do what they say. */
  readonly jwtKey: string | undefined;
  /** `SUBSCRIBE`: who may subscribe, everybody or whose token says so. */
  readonly subscribe: "public" | "token";
  /** `CORS_ORIGINS`: the other origins whose pages may use the server. */
  readonly corsOrigins: readonly string[];
  /** `MAX_CONNECTIONS`: the most open event streams. */
  readonly maxConnections: number;
  /** `MAX_CONNECTIONS_PER_ADDRESS`: the most of one public address, of IPv6 of one /64; 0 is off. */
  readonly maxConnectionsPerAddress: number;
  /** `MAX_EVENT_BYTES`: the most bytes of a published event. */
  readonly maxEventBytes: number;
  /** `PUBLISH_RATE`: the most events a second that one address publishes; 0 is off. */
  readonly publishRate: number;
  /** `EVENT_LOG`: where events are ordered and kept. */
  readonly eventLog: "memory" | "kv" | "redis";
  /** `KV_PATH`: the file of Deno KV; `undefined` for the store that Deno Deploy gives. */
  readonly kvPath: string | undefined;
  /** `REDIS_URL`: where Redis is; there if the log is Redis without sentinels. */
  readonly redisUrl: string | undefined;
  /** `REDIS_SENTINELS`: the sentinels to ask for the master. */
  readonly redisSentinels: readonly string[];
  /** `REDIS_MASTER`: the name of the master; there if there are sentinels. */
  readonly redisMaster: string | undefined;
  /** `REDIS_CA`: the certificates to trust in connections to Redis, PEM. */
  readonly redisCa: string | undefined;
  /** What can be done as it is set, and is hardly meant: a line each. */
  readonly warnings: readonly string[];
}

/** Settings that can't be used, one line each. */
export class ConfigError extends Error {
  /** Has one line for each setting that is wrong, with what would be right. */
  override name = "ConfigError";
}
