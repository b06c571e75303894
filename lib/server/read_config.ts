/**
 * Reads the {@linkcode Config} from named settings, which `main.ts` takes from the environment. This
 * file reads no environment itself.
 *
 * @module
 */

import { type Config, ConfigError } from "./config.ts";
import type { JwtConfig } from "./configured_jwt.ts";
import { importJwtKeys } from "./jwt_key.ts";
import { Settings } from "./settings.ts";

/**
 * Reads a configuration.
 *
 * @param get Returns the text of a setting; `undefined` or `""` selects its default.
 * @throws {ConfigError} If any setting is wrong. The error names every wrong setting.
 *
 * @example
 * ```ts
 * import { readConfig } from "@sse/hub/server";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readConfig((name) => ({ PORT: "80" })[name]).port, 80);
 * ```
 */
export function readConfig(get: (name: string) => string | undefined): Config {
  const settings = new Settings(get);
  const store = readStore(settings);
  const config = {
    ...readListening(settings),
    ...store,
    ...readStreams(settings),
    ...readTimes(settings),
    ...readAccess(settings),
    ...readLimits(settings),
    warnings: findWarnings(settings, store),
  };
  const errors = [...settings.errors, ...findContradictions(settings, config)];
  if (errors.length > 0) throw new ConfigError(errors.join("\n"));
  return config;
}

/**
 * Reads a configuration like {@linkcode readConfig}, and imports its keys for JWTs to see whether they
 * can be used. Fetches no keys.
 *
 * @param fileErrors A line for each file of a setting that can't be used; see `readSecretFiles()`.
 * @throws {ConfigError} If any setting is wrong. The error names every wrong setting.
 */
export async function checkConfig(
  get: (name: string) => string | undefined,
  fileErrors: readonly string[] = [],
): Promise<Config> {
  if (fileErrors.length > 0) throw new ConfigError(fileErrors.join("\n"));
  const config = readConfig(get);
  try {
    if (config.jwtKey !== undefined) await importJwtKeys(config.jwtKey);
  } catch (error) {
    throw new ConfigError(`JWT_KEY: ${(error as Error).message}`);
  }
  return config;
}

/** The settings of the listener, the log, proxies and host names. */
function readListening(settings: Settings) {
  return {
    host: settings.read("HOST"),
    port: settings.read("PORT"),
    tlsCert: settings.read("TLS_CERT"),
    tlsKey: settings.read("TLS_KEY"),
    reusePort: settings.read("REUSE_PORT") === "true",
    logFormat: settings.read("LOG_FORMAT"),
    trustProxy: settings.read("TRUST_PROXY"),
    allowedHosts: settings.read("ALLOWED_HOSTS"),
  };
}

/** The settings of streams and their histories. */
function readStreams(settings: Settings) {
  return {
    intervalMs: settings.read("INTERVAL_MS"),
    streams: settings.read("STREAMS"),
    historyEvents: settings.read("HISTORY_EVENTS"),
    historyBytes: settings.read("HISTORY_BYTES"),
    historySeconds: settings.read("HISTORY_SECONDS"),
    historyTotalBytes: settings.read("HISTORY_TOTAL_BYTES"),
    maxStreams: settings.read("MAX_STREAMS"),
    maxAudiences: settings.read("MAX_AUDIENCES"),
    slowSubscriber: settings.read("SLOW_SUBSCRIBER"),
  };
}

/** The times of a connection and of stopping. */
function readTimes(settings: Settings) {
  return {
    retryMs: settings.read("RETRY_MS"),
    heartbeatSeconds: settings.read("HEARTBEAT_SECONDS"),
    stallSeconds: settings.read("STALL_SECONDS"),
    ingestIdleSeconds: settings.read("INGEST_IDLE_SECONDS"),
    maxConnectionSeconds: settings.read("MAX_CONNECTION_SECONDS"),
    drainSeconds: settings.read("DRAIN_SECONDS"),
  };
}

/** The settings that say who may do what. */
function readAccess(settings: Settings) {
  return {
    publishToken: settings.read("PUBLISH_TOKEN"),
    metricsToken: settings.read("METRICS_TOKEN"),
    ...readJwtConfig(settings),
    subscribe: settings.read("SUBSCRIBE"),
    publicPatterns: settings.read("PUBLIC_PATTERNS"),
    corsOrigins: settings.read("CORS_ORIGINS"),
  };
}

/** The settings of JSON Web Tokens. */
export function readJwtConfig(settings: Settings): JwtConfig {
  return {
    jwtKey: settings.read("JWT_KEY"),
    jwksUrl: settings.read("JWKS_URL"),
    jwtIssuers: settings.read("JWT_ISSUER"),
    jwtAudiences: settings.read("JWT_AUDIENCE"),
    jwtLeewaySeconds: settings.read("JWT_LEEWAY_SECONDS"),
    jwtClaim: settings.read("JWT_CLAIM"),
  };
}

/** The limits of clients and publishers. */
function readLimits(settings: Settings) {
  return {
    maxConnections: settings.read("MAX_CONNECTIONS"),
    maxConnectionsPerAddress: settings.read("MAX_CONNECTIONS_PER_ADDRESS"),
    maxEventBytes: settings.read("MAX_EVENT_BYTES"),
    publishRate: settings.read("PUBLISH_RATE"),
  };
}

/** The settings of the stores. */
function readStore(settings: Settings) {
  return {
    eventLog: settings.read("EVENT_LOG"),
    kvPath: settings.read("KV_PATH"),
    sqlitePath: settings.read("SQLITE_PATH"),
    redisUrl: settings.read("REDIS_URL"),
    redisSentinels: settings.read("REDIS_SENTINELS"),
    redisMaster: settings.read("REDIS_MASTER"),
    redisCa: settings.read("REDIS_CA"),
  };
}

/** Finds settings that are valid but probably not meant. */
function findWarnings(
  settings: Settings,
  { eventLog }: Pick<Config, "eventLog">,
): readonly string[] {
  const warnings: string[] = [];
  if (settings.isOnDeploy && eventLog === "memory") {
    warnings.push(
      "EVENT_LOG=memory: events published on one instance do not reach the other instances",
    );
  }
  for (const [name, log] of STORE_SETTINGS) {
    if (!settings.has(name) || eventLog === log) continue;
    warnings.push(`${name} has no effect without EVENT_LOG=${log}`);
  }
  if (settings.has("MAX_STREAMS") && settings.has("STREAMS")) {
    warnings.push(
      "MAX_STREAMS has no effect with STREAMS, which lists every stream that may exist",
    );
  }
  for (const name of JWT_SETTINGS) {
    if (!settings.has(name) || settings.has("JWT_KEY") || settings.has("JWKS_URL")) continue;
    warnings.push(`${name} has no effect without JWT_KEY or JWKS_URL`);
  }
  if (settings.has("JWKS_URL") && !settings.has("JWT_AUDIENCE")) {
    warnings.push(
      "JWKS_URL without JWT_AUDIENCE: tokens that the issuer made for other applications are accepted too",
    );
  }
  const redisServers = settings.text("REDIS_URL") + settings.text("REDIS_SENTINELS");
  if (eventLog === "redis" && settings.has("REDIS_CA") && !redisServers.includes("rediss:")) {
    warnings.push("REDIS_CA has no effect without rediss:// in REDIS_URL");
  }
  return warnings;
}

const STORE_SETTINGS = [
  ["KV_PATH", "kv"],
  ["SQLITE_PATH", "sqlite"],
  ["REDIS_URL", "redis"],
  ["REDIS_SENTINELS", "redis"],
  ["REDIS_MASTER", "redis"],
  ["REDIS_CA", "redis"],
] as const;

const JWT_SETTINGS = ["JWT_ISSUER", "JWT_AUDIENCE", "JWT_LEEWAY_SECONDS", "JWT_CLAIM"] as const;

/** Finds settings that contradict each other. */
function findContradictions(
  settings: Settings,
  { eventLog, reusePort }: Pick<Config, "eventLog" | "reusePort">,
): readonly string[] {
  const errors: string[] = [];
  if (eventLog === "redis" && !settings.has("REDIS_URL") && !settings.has("REDIS_SENTINELS")) {
    errors.push("REDIS_URL: expected a URL such as redis://localhost:6379, for EVENT_LOG=redis");
  }
  if (settings.has("REDIS_SENTINELS") !== settings.has("REDIS_MASTER")) {
    errors.push("REDIS_SENTINELS, REDIS_MASTER: expected both or neither, got one");
  }
  if (reusePort && eventLog === "memory") {
    errors.push(
      "REUSE_PORT: expected EVENT_LOG=kv, sqlite or redis beside it; with the log in memory, processes on one " +
        "port would not exchange events",
    );
  }
  if (
    settings.has("METRICS_TOKEN") &&
    settings.text("METRICS_TOKEN") === settings.text("PUBLISH_TOKEN")
  ) {
    errors.push("METRICS_TOKEN: expected another token than PUBLISH_TOKEN, got the same");
  }
  if (settings.has("TLS_CERT") !== settings.has("TLS_KEY")) {
    errors.push("TLS_CERT, TLS_KEY: expected both or neither, got one");
  }
  return errors;
}
