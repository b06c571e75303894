/**
 * What the server is configured with.
 *
 * @module
 */

import type { SlowPolicy } from "../hub/stream_options.ts";
import type { LogFormat } from "./request_log.ts";

/** The server's configuration. The defaults are in `options.ts`. */
export interface Config {
  /** `HOST`: the address to listen on. */
  readonly host: string;
  /** `PORT`: the port to listen on; 0 for any free port. */
  readonly port: number;
  /** `TLS_CERT`: the certificate chain, PEM; with it the server speaks HTTPS and HTTP/2. */
  readonly tlsCert: string | undefined;
  /** `TLS_KEY`: the private key of the certificate, PEM. */
  readonly tlsKey: string | undefined;
  /** `REUSE_PORT`: whether other processes may listen on the same port. */
  readonly reusePort: boolean;
  /** `LOG_FORMAT`: the form of log lines. */
  readonly logFormat: LogFormat;
  /** `TRUST_PROXY`: the number of proxies in front, whose `X-Forwarded-For` is trusted. */
  readonly trustProxy: number;
  /**
   * `ALLOWED_HOSTS`: the host names that are served, in addition to local names; `undefined` serves
   * every name, except to clients on this machine that come without a proxy.
   */
  readonly allowedHosts: readonly string[] | undefined;
  /** `INTERVAL_MS`: the time between two events of `/sse` and of the stream `time`, in milliseconds. */
  readonly intervalMs: number;
  /** `STREAMS`: the only streams that may exist; `undefined` allows any. */
  readonly streams: readonly string[] | undefined;
  /** `HISTORY_EVENTS`: the most events kept for each stream. */
  readonly historyEvents: number;
  /** `HISTORY_BYTES`: the most encoded bytes kept for each stream. */
  readonly historyBytes: number;
  /** `HISTORY_SECONDS`: how long an event is kept, in seconds. */
  readonly historySeconds: number;
  /** `HISTORY_TOTAL_BYTES`: the most encoded bytes kept for all streams together. */
  readonly historyTotalBytes: number;
  /** `MAX_STREAMS`: the most streams, if `STREAMS` does not list them. */
  readonly maxStreams: number;
  /** `MAX_AUDIENCES`: the most sets of types that subscribers of one stream ask for. */
  readonly maxAudiences: number;
  /**
   * `SLOW_SUBSCRIBER`: what happens to a subscriber once events that it still needs have been evicted.
   */
  readonly slowSubscriber: SlowPolicy;
  /** `RETRY_MS`: how long a client waits before it reconnects, in milliseconds. */
  readonly retryMs: number;
  /** `HEARTBEAT_SECONDS`: the longest silence on a connection, in seconds; 0 is off. */
  readonly heartbeatSeconds: number;
  /**
   * `STALL_SECONDS`: how long a client may read nothing while bytes wait for it, and how long a publisher
   * may be silent within an event; 0 is off.
   */
  readonly stallSeconds: number;
  /** `INGEST_IDLE_SECONDS`: how long a publisher may be silent between events; 0 is off. */
  readonly ingestIdleSeconds: number;
  /** `MAX_CONNECTION_SECONDS`: how long a resumable connection may last, in seconds; 0 is off. */
  readonly maxConnectionSeconds: number;
  /** `DRAIN_SECONDS`: the most seconds that stopping may take. */
  readonly drainSeconds: number;
  /** `PUBLISH_TOKEN`: the bearer token that grants everything. */
  readonly publishToken: string | undefined;
  /** `METRICS_TOKEN`: the bearer token that reads figures, and nothing else. */
  readonly metricsToken: string | undefined;
  /** `JWT_KEY`: the text of the keys that verify JSON Web Tokens; see `importJwtKeys()`. */
  readonly jwtKey: string | undefined;
  /** `JWKS_URL`: the URL of further keys. */
  readonly jwksUrl: string | undefined;
  /** `JWT_ISSUER`: the issuers whose tokens are accepted; empty for any. */
  readonly jwtIssuers: readonly string[];
  /** `JWT_AUDIENCE`: the audiences of which a token must name one; empty for any. */
  readonly jwtAudiences: readonly string[];
  /** `JWT_LEEWAY_SECONDS`: how far the clock of the issuer may be off, in seconds. */
  readonly jwtLeewaySeconds: number;
  /** `JWT_CLAIM`: the claim with the rights. */
  readonly jwtClaim: string;
  /** `SUBSCRIBE`: whether everybody may subscribe, or only clients whose token allows it. */
  readonly subscribe: "public" | "token";
  /** `PUBLIC_PATTERNS`: patterns that everybody may subscribe to, and to the streams that they cover. */
  readonly publicPatterns: readonly string[];
  /** `CORS_ORIGINS`: the origins whose pages may use the server, beside its own. */
  readonly corsOrigins: readonly string[];
  /** `MAX_CONNECTIONS`: the most open event streams. */
  readonly maxConnections: number;
  /** `MAX_CONNECTIONS_PER_ADDRESS`: the most for one public IPv4 address or IPv6 /64; 0 is off. */
  readonly maxConnectionsPerAddress: number;
  /** `MAX_EVENT_BYTES`: the most bytes of a published event. */
  readonly maxEventBytes: number;
  /** `PUBLISH_RATE`: the most events that one address may publish in a second; 0 is off. */
  readonly publishRate: number;
  /** `EVENT_LOG`: where events are ordered and kept. */
  readonly eventLog: "memory" | "kv" | "sqlite" | "redis";
  /** `KV_PATH`: the file of Deno KV; `undefined` for the store of Deno Deploy. */
  readonly kvPath: string | undefined;
  /** `SQLITE_PATH`: the file of the log in SQLite. */
  readonly sqlitePath: string;
  /** `REDIS_URL`: the URL of Redis; set if the log is Redis without sentinels. */
  readonly redisUrl: string | undefined;
  /** `REDIS_SENTINELS`: the sentinels that are asked for the master. */
  readonly redisSentinels: readonly string[];
  /** `REDIS_MASTER`: the name of the master; set if there are sentinels. */
  readonly redisMaster: string | undefined;
  /** `REDIS_CA`: the certificates that connections to Redis trust, PEM. */
  readonly redisCa: string | undefined;
  /** Settings that are valid but probably not meant, one line each. */
  readonly warnings: readonly string[];
}

/** Whether some token of the configuration permits to publish. */
export function hasPublisher(
  { publishToken, jwtKey, jwksUrl }: Pick<Config, "publishToken" | "jwtKey" | "jwksUrl">,
): boolean {
  return (publishToken ?? jwtKey ?? jwksUrl) !== undefined;
}

/** Thrown for settings that are wrong. Its message has one line for each. */
export class ConfigError extends Error {
  /** Always `ConfigError`. */
  override name = "ConfigError";
}
