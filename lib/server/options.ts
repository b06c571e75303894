/**
 * The server's options: the one table from which they are read, listed by `--help`, and compared with
 * the manual.
 *
 * @module
 */

import { MAX_TIMER_MS } from "../wire/number_option.ts";
import { slowPolicies } from "../hub/stream_options.ts";
import { logFormats } from "./request_log.ts";
import {
  claimName,
  host,
  hosts,
  jwksUrl,
  jwtKey,
  listed,
  masterName,
  oneOf,
  origins,
  type Parser,
  path,
  pem,
  redisUrl,
  sentinels,
  streamNames,
  streamPatterns,
  token,
  whole,
} from "./setting_parsers.ts";

/** An option of the server, which is an environment variable. */
export interface Option<T> {
  /** Its value if it is not set. */
  readonly byDefault: T;
  /** Its value if it is not set, on Deno Deploy; left out, `byDefault`. */
  readonly onDeploy?: T;
  /** Reads its text. */
  readonly parse: Parser<T>;
  /** What it is for, in one line. */
  readonly meaning: string;
  /** What the manual says in place of the default. */
  readonly shownDefault?: string;
  /** Whether its text is never shown. */
  readonly isSecret?: boolean;
  /** Whether its text may be in a file that the same name with `_FILE` names. */
  readonly mayBeInFile?: boolean;
}

/** Makes an option whose value may also be another one by default, such as `undefined`. */
function option<T, const D>(
  byDefault: D,
  parse: Parser<T>,
  meaning: string,
  more: Partial<Option<T | D>> = {},
): Option<T | D> {
  return { byDefault, parse: parse as Parser<T | D>, meaning, ...more };
}

const IN_FILE = { mayBeInFile: true };
const SECRET = { isSecret: true, ...IN_FILE };

/** Every option by its name, in the order of the manual. */
export const OPTIONS = {
  HOST: option("0.0.0.0", host, "the address to listen on"),
  PORT: option(8_080, whole(0, 65_535), "the port to listen on; 0 for any free port"),
  TLS_CERT: option(
    undefined,
    pem("CERTIFICATE"),
    "the certificate chain, the PEM text itself; with TLS_KEY the server speaks HTTPS and HTTP/2",
    IN_FILE,
  ),
  TLS_KEY: option(
    undefined,
    pem("PRIVATE KEY"),
    "the private key of the certificate, the PEM text itself",
    SECRET,
  ),
  REUSE_PORT: option(
    "false",
    oneOf(["true", "false"] as const),
    "true: other processes may listen on the same port; not with the log in memory",
  ),
  EVENT_LOG: option(
    "memory",
    oneOf(["memory", "kv", "sqlite", "redis"] as const),
    "where events are ordered and kept: memory, kv, sqlite or redis; see Event logs",
    { onDeploy: "kv", shownDefault: "memory, on Deno Deploy kv" },
  ),
  KV_PATH: option(
    "./data/hub.sqlite" as string | undefined,
    path,
    "for kv: the file; on Deno Deploy none, as the store there is given. deno task start may write " +
      "below ./data only",
    { onDeploy: undefined },
  ),
  SQLITE_PATH: option(
    "./data/hub.db",
    path,
    "for sqlite: the file; a server that deno task starts may write below ./data only",
  ),
  REDIS_URL: option(
    undefined,
    redisUrl,
    "for redis: redis[s]://[[user][:password]@]host[:port][/database]",
    SECRET,
  ),
  REDIS_SENTINELS: option(
    [],
    sentinels,
    "for redis: sentinels that know the master, [[user][:password]@]host[:port] with commas between",
    SECRET,
  ),
  REDIS_MASTER: option(undefined, masterName, "the name of the master, as the sentinels know it"),
  REDIS_CA: option(
    undefined,
    pem("CERTIFICATE"),
    "the certificates to trust in connections to Redis, PEM text; by default those of the runtime",
    IN_FILE,
  ),
  LOG_FORMAT: option(
    "text",
    oneOf(logFormats),
    "text, json or off; json also for warnings and errors",
  ),
  TRUST_PROXY: option(
    0,
    whole(0, 100),
    "the number of proxies in front of the server, whose X-Forwarded-For is trusted",
  ),
  ALLOWED_HOSTS: option(
    undefined,
    hosts,
    "the host names that are served, with commas between: hub.example, *.hub.example, or * for any " +
      "(421 for others)",
    { onDeploy: ["*"], shownDefault: "see Host names" },
  ),
  INTERVAL_MS: option(
    1_000,
    whole(10, MAX_TIMER_MS),
    "the time between two events of /sse and of the stream time, in milliseconds; 10 or more",
  ),
  STREAMS: option(
    undefined,
    streamNames,
    "the only streams that may exist, with commas between (404 for others); time runs only if it is " +
      "listed",
    { shownDefault: "any" },
  ),
  HISTORY_EVENTS: option(1_000, whole(1), "the most events kept for each stream"),
  HISTORY_BYTES: option(
    1_048_576,
    whole(1),
    "the most encoded bytes kept for each stream; the newest event stays whatever its size",
  ),
  HISTORY_SECONDS: option(
    3_600,
    whole(1),
    "how long an event, and the name of an ended stream, is kept",
  ),
  HISTORY_TOTAL_BYTES: option(
    268_435_456,
    whole(1),
    "the most bytes kept in all, publishers' keys included; beyond it the streams longest without a " +
      "publish lose theirs",
  ),
  MAX_STREAMS: option(
    10_000,
    whole(1),
    "the most streams, without STREAMS; a publish that would create one more is refused (429)",
  ),
  MAX_AUDIENCES: option(
    1_000,
    whole(0),
    "the most different sets of types (event=) that subscribers of one stream ask for; a further " +
      "client is asked to reconnect later",
  ),
  SLOW_SUBSCRIBER: option(
    "disconnect",
    oneOf(slowPolicies),
    "what happens to a subscriber once events that it still needs have been evicted: disconnect, " +
      "skip (a gap, then the oldest event kept) or latest (the newest event, without a gap)",
  ),
  RETRY_MS: option(
    2_000,
    whole(0, MAX_TIMER_MS),
    "how long a client waits before it reconnects, in milliseconds",
  ),
  HEARTBEAT_SECONDS: option(15, whole(0, 86_400), "the longest silence on a connection; 0 is off", {
    onDeploy: 4,
    shownDefault: "15, on Deno Deploy 4",
  }),
  STALL_SECONDS: option(
    60,
    whole(0, 86_400),
    "how long a client may read nothing while bytes wait for it, before its stream is ended, and how " +
      "long a publisher may be silent within an event; 0 is off",
  ),
  INGEST_IDLE_SECONDS: option(
    900,
    whole(0, 86_400),
    "how long a publisher of a streamed body may be silent between events (408); 0 is off",
  ),
  MAX_CONNECTION_SECONDS: option(
    0,
    whole(0, 2_592_000),
    "how long a connection may last, 10 % more or less, before its client has to reconnect; " +
      "connections with an ephemeral stream have no limit",
    { shownDefault: "0, off" },
  ),
  DRAIN_SECONDS: option(
    4,
    whole(0, 3_600),
    "how long stopping may take: each client is sent away at a moment of its own within it",
  ),
  PUBLISH_TOKEN: option(
    undefined,
    token,
    "the bearer token that may do everything: 16 characters or more, 8 of them different",
    SECRET,
  ),
  METRICS_TOKEN: option(
    undefined,
    token,
    "the bearer token that may read /metrics, /streams and the details of /healthz, and nothing else; " +
      "made like PUBLISH_TOKEN",
    SECRET,
  ),
  JWT_KEY: option(
    undefined,
    jwtKey,
    "the keys that verify JSON Web Tokens: HS256 secrets of 32 bytes or more, public keys of RSA, P-256 " +
      "or Ed25519 as PEM, or JWKs",
    SECRET,
  ),
  JWKS_URL: option(
    undefined,
    jwksUrl,
    "the URL of further such keys, as a set of JWKs; https, or http on this machine",
  ),
  JWT_ISSUER: option(
    [],
    listed,
    "the issuers whose tokens are accepted (claim iss), with commas between",
    { shownDefault: "any" },
  ),
  JWT_AUDIENCE: option(
    [],
    listed,
    "the audiences of which a token must name one (claim aud), with commas between",
    { shownDefault: "any" },
  ),
  JWT_LEEWAY_SECONDS: option(
    5,
    whole(0, 3_600),
    "how far the clock of the issuer may be off, for the claims exp and nbf",
  ),
  JWT_CLAIM: option(
    "sse",
    claimName,
    "the claim with the rights; a.b is b inside of a, unless the name has : or /, as a URL has",
  ),
  SUBSCRIBE: option(
    "public",
    oneOf(["public", "token"] as const),
    "who may subscribe: public (everybody), or token",
  ),
  PUBLIC_PATTERNS: option(
    [],
    streamPatterns,
    "patterns of streams that everybody may subscribe to, such as prices/*, with commas between; each " +
      "opens every stream that it covers",
    { shownDefault: "none" },
  ),
  CORS_ORIGINS: option(
    [],
    origins,
    "other origins whose pages may use the server, such as https://app.example or " +
      "capacitor://localhost, with commas between",
    { shownDefault: "none" },
  ),
  MAX_EVENT_BYTES: option(
    262_144,
    whole(1),
    "the most bytes of a published event (413); a JSON body may have four times as many",
  ),
  PUBLISH_RATE: option(
    0,
    whole(0),
    "the most events a second from one address or IPv6 /64 (429); a batch is taken whole, and its " +
      "events then waited for",
    { shownDefault: "0, off" },
  ),
  MAX_CONNECTIONS_PER_ADDRESS: option(
    1_000,
    whole(0),
    "the most open event streams of one public address, of IPv6 of one /64; a further client is asked " +
      "to reconnect later; 0 is off",
  ),
  MAX_CONNECTIONS: option(
    10_000,
    whole(1),
    "the most open event streams, and as many sockets whose streams have ended; a further client is " +
      "asked to reconnect later",
  ),
};

/** The name of an option. */
export type OptionName = keyof typeof OPTIONS;

/** The value of an option. */
export type OptionValue<N extends OptionName> = (typeof OPTIONS)[N] extends Option<infer T> ? T
  : never;

/** Every option's name, in the order of the manual. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS) as OptionName[];

/** The default of an option, as the manual shows it; `""` if it has none. */
export function showDefault(name: OptionName): string {
  const { byDefault, shownDefault } = OPTIONS[name] as Option<unknown>;
  return shownDefault ?? (byDefault === undefined || `${byDefault}` === "" ? "" : `${byDefault}`);
}
