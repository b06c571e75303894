/**
 * Reads the {@linkcode Config} from named settings, which `main.ts` takes from the environment. This
 * file reads no environment itself.
 *
 * @module
 */

import { MAX_TIMER_MS } from "../number_option.ts";
import { slowPolicies } from "../stream.ts";
import { type Config, ConfigError } from "./config.ts";
import { logFormats } from "./request_log.ts";
import {
  host,
  hosts,
  jwtKey,
  masterName,
  oneOf,
  origins,
  path,
  pem,
  redisUrl,
  sentinels,
  streamNames,
  token,
  whole,
} from "./setting_parsers.ts";
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
  const isOnDeploy = get("DENO_DEPLOYMENT_ID") !== undefined;
  const eventLog = settings.read("EVENT_LOG", isOnDeploy ? "kv" : "memory", oneOf(eventLogs));
  const config = {
    ...readListening(settings, isOnDeploy),
    ...readStreams(settings),
    ...readTimes(settings, isOnDeploy),
    ...readAccess(settings),
    ...readLimits(settings),
    ...readStore(settings, isOnDeploy),
    eventLog,
    warnings: findWarnings(settings, eventLog, isOnDeploy),
  };
  const errors = [...settings.errors, ...findContradictions(settings, config)];
  if (errors.length > 0) throw new ConfigError(errors.join("\n"));
  return config;
}

const eventLogs = ["memory", "kv", "redis"] as const;

/** The settings of the listener, the log, proxies and host names. */
function readListening(settings: Settings, isOnDeploy: boolean) {
  return {
    host: settings.read("HOST", "0.0.0.0", host),
    port: settings.read("PORT", 8_080, whole(0, 65_535)),
    tlsCert: settings.read("TLS_CERT", undefined, pem("CERTIFICATE")),
    tlsKey: settings.read("TLS_KEY", undefined, pem("PRIVATE KEY")),
    reusePort: settings.read("REUSE_PORT", "false", oneOf(["true", "false"])) === "true",
    logFormat: settings.read("LOG_FORMAT", "text", oneOf(logFormats)),
    trustProxy: settings.read("TRUST_PROXY", 0, whole(0, 100)),
    allowedHosts: settings.read("ALLOWED_HOSTS", isOnDeploy ? ["*"] : undefined, hosts),
  };
}

/** The settings of streams and their histories. */
function readStreams(settings: Settings) {
  return {
    intervalMs: settings.read("INTERVAL_MS", 1_000, whole(10, MAX_TIMER_MS)),
    streams: settings.read("STREAMS", undefined, streamNames),
    historyEvents: settings.read("HISTORY_EVENTS", 1_000, whole(1)),
    historyBytes: settings.read("HISTORY_BYTES", 1_048_576, whole(1)),
    historySeconds: settings.read("HISTORY_SECONDS", 3_600, whole(1)),
    historyTotalBytes: settings.read("HISTORY_TOTAL_BYTES", 268_435_456, whole(1)),
    maxStreams: settings.read("MAX_STREAMS", 10_000, whole(1)),
    slowSubscriber: settings.read("SLOW_SUBSCRIBER", "disconnect", oneOf(slowPolicies)),
  };
}

/** The times of a connection and of stopping. */
function readTimes(settings: Settings, isOnDeploy: boolean) {
  return {
    retryMs: settings.read("RETRY_MS", 2_000, whole(0, MAX_TIMER_MS)),
    heartbeatSeconds: settings.read("HEARTBEAT_SECONDS", isOnDeploy ? 4 : 15, whole(0, 86_400)),
    stallSeconds: settings.read("STALL_SECONDS", 60, whole(0, 86_400)),
    drainSeconds: settings.read("DRAIN_SECONDS", 4, whole(0, 3_600)),
  };
}

/** The settings that say who may do what. */
function readAccess(settings: Settings) {
  return {
    publishToken: settings.read("PUBLISH_TOKEN", undefined, token),
    jwtKey: settings.read("JWT_KEY", undefined, jwtKey),
    subscribe: settings.read("SUBSCRIBE", "public", oneOf(["public", "token"] as const)),
    corsOrigins: settings.read("CORS_ORIGINS", [], origins),
  };
}

/** The limits of clients and publishers. */
function readLimits(settings: Settings) {
  return {
    maxConnections: settings.read("MAX_CONNECTIONS", 10_000, whole(1)),
    maxConnectionsPerAddress: settings.read("MAX_CONNECTIONS_PER_ADDRESS", 1_000, whole(0)),
    maxEventBytes: settings.read("MAX_EVENT_BYTES", 262_144, whole(1)),
    publishRate: settings.read("PUBLISH_RATE", 0, whole(0)),
  };
}

/** The settings of the stores. */
function readStore(settings: Settings, isOnDeploy: boolean) {
  return {
    kvPath: settings.read("KV_PATH", isOnDeploy ? undefined : "./data/hub.sqlite", path),
    redisUrl: settings.read("REDIS_URL", undefined, redisUrl),
    redisSentinels: settings.read("REDIS_SENTINELS", [], sentinels),
    redisMaster: settings.read("REDIS_MASTER", undefined, masterName),
    redisCa: settings.read("REDIS_CA", undefined, pem("CERTIFICATE")),
  };
}

/** Finds settings that are valid but probably not meant. */
function findWarnings(
  settings: Settings,
  eventLog: Config["eventLog"],
  isOnDeploy: boolean,
): readonly string[] {
  const warnings: string[] = [];
  if (isOnDeploy && eventLog === "memory") {
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
  const redisServers = settings.text("REDIS_URL") + settings.text("REDIS_SENTINELS");
  if (eventLog === "redis" && settings.has("REDIS_CA") && !redisServers.includes("rediss:")) {
    warnings.push("REDIS_CA has no effect without rediss:// in REDIS_URL");
  }
  return warnings;
}

const STORE_SETTINGS = [
  ["KV_PATH", "kv"],
  ["REDIS_URL", "redis"],
  ["REDIS_SENTINELS", "redis"],
  ["REDIS_MASTER", "redis"],
  ["REDIS_CA", "redis"],
] as const;

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
      "REUSE_PORT: expected EVENT_LOG=kv or redis beside it; with the log in memory, processes on one " +
        "port would not exchange events",
    );
  }
  if (settings.has("TLS_CERT") !== settings.has("TLS_KEY")) {
    errors.push("TLS_CERT, TLS_KEY: expected both or neither, got one");
  }
  return errors;
}
