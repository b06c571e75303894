/**
 * The server's configuration: from named settings, as an environment has them, to {@linkcode Config}.
 * Reads no environment itself.
 *
 * @module
 */

import { slowPolicies, type SlowPolicy } from "../stream.ts";
import { isRedisUrl, parseSentinel } from "../log/redis_address.ts";
import { describeRule, MAX_TIMER_MS, parseWhole } from "../number_option.ts";
import { isStreamName, STREAM_NAMES } from "../stream_name.ts";
import { isHostPattern } from "./allowed_hosts.ts";
import { isOrigin } from "./cors.ts";
import { explainJwtKey, JWT_KEY_EXPECTED, unescapePem } from "./jwt_key.ts";
import { type LogFormat, logFormats } from "./request_log.ts";

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

/**
 * Reads a configuration.
 *
 * @param get Gives the text of a setting; `undefined` or `""` is its default.
 * @throws {ConfigError} If any setting is wrong, naming all that are.
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
  const errors: string[] = [];
  const read = <T>(name: string, fallback: T, parse: (text: string) => T | Wrong): T => {
    const text = get(name);
    if (text === undefined || text === "") return fallback;
    const value = parse(text);
    if (!(value instanceof Wrong)) return value;
    const got = value.got ?? JSON.stringify(shown(name, text));
    errors.push(`${name}: expected ${value.expected}, got ${got}`);
    return fallback;
  };
  const isOnDeploy = get("DENO_DEPLOYMENT_ID") !== undefined;
  const eventLog = read(
    "EVENT_LOG",
    isOnDeploy ? "kv" : "memory",
    oneOf(["memory", "kv", "redis"] as const),
  );
  const redisServers = `${get("REDIS_URL")} ${get("REDIS_SENTINELS")}`;
  const config: Config = {
    host: read("HOST", "0.0.0.0", host),
    port: read("PORT", 8_080, whole(0, 65_535)),
    tlsCert: read("TLS_CERT", undefined, pem("CERTIFICATE")),
    tlsKey: read("TLS_KEY", undefined, pem("PRIVATE KEY")),
    reusePort: read("REUSE_PORT", "false", oneOf(["true", "false"] as const)) === "true",
    logFormat: read("LOG_FORMAT", "text", oneOf(logFormats)),
    trustProxy: read("TRUST_PROXY", 0, whole(0, 100)),
    allowedHosts: read("ALLOWED_HOSTS", isOnDeploy ? ["*"] : undefined, hosts),
    intervalMs: read("INTERVAL_MS", 1_000, whole(10, MAX_TIMER_MS)),
    streams: read("STREAMS", undefined, streamNames),
    historyEvents: read("HISTORY_EVENTS", 1_000, whole(1)),
    historyBytes: read("HISTORY_BYTES", 1_048_576, whole(1)),
    historySeconds: read("HISTORY_SECONDS", 3_600, whole(1)),
    historyTotalBytes: read("HISTORY_TOTAL_BYTES", 268_435_456, whole(1)),
    maxStreams: read("MAX_STREAMS", 10_000, whole(1)),
    slowSubscriber: read("SLOW_SUBSCRIBER", "disconnect", oneOf(slowPolicies)),
    retryMs: read("RETRY_MS", 2_000, whole(0, MAX_TIMER_MS)),
    heartbeatSeconds: read("HEARTBEAT_SECONDS", isOnDeploy ? 4 : 15, whole(0, 86_400)),
    stallSeconds: read("STALL_SECONDS", 60, whole(0, 86_400)),
    drainSeconds: read("DRAIN_SECONDS", 4, whole(0, 3_600)),
    publishToken: read("PUBLISH_TOKEN", undefined, token),
    jwtKey: read("JWT_KEY", undefined, jwtKey),
    subscribe: read("SUBSCRIBE", "public", oneOf(["public", "token"] as const)),
    corsOrigins: read("CORS_ORIGINS", [], origins),
    maxConnections: read("MAX_CONNECTIONS", 10_000, whole(1)),
    maxConnectionsPerAddress: read("MAX_CONNECTIONS_PER_ADDRESS", 1_000, whole(0)),
    maxEventBytes: read("MAX_EVENT_BYTES", 262_144, whole(1)),
    publishRate: read("PUBLISH_RATE", 0, whole(0)),
    eventLog,
    kvPath: read("KV_PATH", isOnDeploy ? undefined : "./data/hub.sqlite", path),
    redisUrl: read("REDIS_URL", undefined, redisUrl),
    redisSentinels: read("REDIS_SENTINELS", [], sentinels),
    redisMaster: read("REDIS_MASTER", undefined, masterName),
    redisCa: read("REDIS_CA", undefined, pem("CERTIFICATE")),
    warnings: [
      ...isOnDeploy && eventLog === "memory"
        ? ["EVENT_LOG=memory: what is published on one instance does not reach the others"]
        : [],
      ...([["KV_PATH", "kv"], ...REDIS_NAMES.map((name) => [name, "redis"])] as const)
        .filter(([name, log]) => get(name!) && eventLog !== log)
        .map(([name, log]) => `${name} has no effect without EVENT_LOG=${log}`),
      ...get("MAX_STREAMS") && get("STREAMS")
        ? ["MAX_STREAMS has no effect with STREAMS, which lists all streams there may be"]
        : [],
      ...eventLog === "redis" && get("REDIS_CA") && !/rediss:/.test(redisServers)
        ? ["REDIS_CA has no effect without rediss:// in REDIS_URL"]
        : [],
    ],
  };
  if (eventLog === "redis" && !get("REDIS_URL") && !get("REDIS_SENTINELS")) {
    errors.push("REDIS_URL: expected a URL such as redis://localhost:6379, for EVENT_LOG=redis");
  }
  if (Boolean(get("REDIS_SENTINELS")) !== Boolean(get("REDIS_MASTER"))) {
    errors.push("REDIS_SENTINELS, REDIS_MASTER: expected both or neither, got one");
  }
  if (config.reusePort && eventLog === "memory") {
    errors.push(
      "REUSE_PORT: expected EVENT_LOG=kv or redis with it; with the log in memory, the processes on " +
        "one port would not hear each other",
    );
  }
  if (Boolean(get("TLS_CERT")) !== Boolean(get("TLS_KEY"))) {
    errors.push("TLS_CERT, TLS_KEY: expected both or neither, got one");
  }
  if (errors.length > 0) throw new ConfigError(errors.join("\n"));
  return config;
}

/** What would be right where something is wrong; and what it is, where its text is not to be shown. */
class Wrong {
  constructor(readonly expected: string, readonly got?: string) {}
}

function host(text: string): string | Wrong {
  return /^[\w.:%[\]-]+$/.test(text) ? text : new Wrong(
    "an address or a name such as 0.0.0.0, :: or localhost",
  );
}

// Environment files add line breaks and quotes, and a file of such a name would be made.
function path(text: string): string | Wrong {
  return /^[^\s"'](?:.*[^\s"'])?$/s.test(text) ? text : new Wrong(
    "a file's path without white space or quotes at its ends",
  );
}

function whole(min: number, max?: number): (text: string) => number | Wrong {
  const rule = { min, isWhole: true, ...max !== undefined && { max } };
  return (text) => parseWhole(text, rule) ?? new Wrong(describeRule(rule));
}

function oneOf<T extends string>(choices: readonly T[]): (text: string) => T | Wrong {
  return (text) => choices.find((choice) => choice === text) ?? new Wrong(choices.join(", "));
}

function streamNames(text: string): string[] | Wrong {
  const names = text.split(",").map((name) => name.trim());
  return names.every(isStreamName) ? names : new Wrong(
    `stream names with commas between, each ${STREAM_NAMES}`,
  );
}

/** Reads PEM of a kind, whose line breaks may be written as `\n`. */
function pem(label: string): (text: string) => string | Wrong {
  return (text) => {
    const pem = unescapePem(text);
    if (new RegExp(`-----BEGIN [A-Z0-9 ]*${label}-----`).test(pem)) return pem;
    const [, other] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem) ?? [];
    return other === undefined
      ? new Wrong("the PEM text itself, not a file's name")
      : new Wrong(`PEM of type ${label}`, `PEM of type ${other}`);
  };
}

// What a bearer token may be made of (RFC 6750, section 2.1); one that is shorter, repeats itself or
// stands in a manual can be guessed.
function token(text: string): string | Wrong {
  if (KNOWN_TOKENS.has(text)) {
    return new Wrong("a token of your own", "an example that everybody knows");
  }
  if (/^[A-Za-z0-9._~+/-]{16,}=*$/.test(text) && new Set(text).size >= 8) return text;
  return new Wrong(
    "at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end, at least 8 of them different",
  );
}

// The example of the README's first edition.
const KNOWN_TOKENS = new Set(["a-token-of-your-own"]);

function jwtKey(text: string): string | Wrong {
  const fault = explainJwtKey(text);
  return fault === undefined ? text : new Wrong(JWT_KEY_EXPECTED, fault);
}

function redisUrl(text: string): string | Wrong {
  return isRedisUrl(text) ? text : new Wrong("a URL such as redis://localhost:6379");
}

function sentinels(text: string): string[] | Wrong {
  const all = text.split(",").map((sentinel) => sentinel.trim());
  return all.every(parseSentinel) ? all : new Wrong(
    "sentinels such as 10.0.0.1:26379 or user:password@host:26379, with commas between",
  );
}

function masterName(text: string): string | Wrong {
  return /^[\w.-]+$/.test(text) ? text : new Wrong("the name of a master, of A-Z a-z 0-9 _ . -");
}

function origins(text: string): string[] | Wrong {
  const all = text.split(",").map((origin) => origin.trim());
  return all.every(isOrigin) ? all : new Wrong(
    "origins such as https://app.example or capacitor://localhost, as browsers send them: without a " +
      "path, not even a slash, and with commas between",
  );
}

function hosts(text: string): string[] | Wrong {
  const all = text.split(",").map((host) => host.trim());
  return all.every(isHostPattern) ? all : new Wrong(
    "host names such as hub.example or *.hub.example, without a port, with commas between, or * for any",
  );
}

function shown(name: string, text: string): string {
  return SECRETS.has(name) ? "…" : text.slice(0, 200);
}

const REDIS_NAMES = ["REDIS_URL", "REDIS_SENTINELS", "REDIS_MASTER", "REDIS_CA"];
const SECRETS = new Set(["TLS_KEY", "PUBLISH_TOKEN", "JWT_KEY", "REDIS_URL", "REDIS_SENTINELS"]);
