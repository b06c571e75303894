import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type Config, ConfigError } from "../../lib/server/config.ts";
import { JWT_KEY_EXPECTED } from "../../lib/server/jwt_key.ts";
import { readConfig } from "../../lib/server/read_config.ts";
import { words } from "./support.ts";

/** A setting: its default, valid texts with their values, and wrong texts. */
interface Row {
  readonly field: keyof Config;
  readonly byDefault: unknown;
  readonly right: Readonly<Record<string, unknown>>;
  readonly wrong: readonly string[];
  readonly expected?: string;
}

const CERT = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY = "-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n";
const PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
const SECRET = "a secret of at least 32 bytes, ok?";
const TOKEN = "0123456789abcdef";
const NO_NUMBERS = [" 80", "80 ", ...words("-1 1.5 1e3 0x50 +1 ٣ many NaN Infinity")];
const STREAM_NAMES =
  "stream names with commas between, each segments of A-Z a-z 0-9 . _ ~ : @ - joined by /, none of them . or .., at most 128 characters in all";

const settings: Readonly<Record<string, Row>> = {
  HOST: {
    field: "host",
    byDefault: "0.0.0.0",
    right: { "127.0.0.1": "127.0.0.1", "::": "::", "[::1]": "[::1]", "my-host": "my-host" },
    wrong: ["127.0.0.1\r", " ::", "http://localhost", "*", '"::"'],
    expected: "an address or a name such as 0.0.0.0, :: or localhost",
  },
  PORT: {
    field: "port",
    byDefault: 8_080,
    right: { "0": 0, "443": 443, "65535": 65_535 },
    wrong: [...NO_NUMBERS, "65536"],
    expected: "a whole number from 0 to 65535",
  },
  TLS_CERT: {
    field: "tlsCert",
    byDefault: undefined,
    right: { [CERT]: CERT, [CERT.replaceAll("\n", "\\n")]: CERT },
    wrong: [],
  },
  TLS_KEY: {
    field: "tlsKey",
    byDefault: undefined,
    right: { [KEY]: KEY, [KEY.replaceAll("\n", "\\r\\n")]: KEY },
    wrong: [],
  },
  REUSE_PORT: {
    field: "reusePort",
    byDefault: false,
    right: { true: true, false: false },
    wrong: ["1", "yes", "TRUE"],
    expected: "true, false",
  },
  EVENT_LOG: {
    field: "eventLog",
    byDefault: "memory",
    right: { memory: "memory", kv: "kv", sqlite: "sqlite", redis: "redis" },
    wrong: ["SQLite", "Redis", "toString"],
    expected: "memory, kv, sqlite, redis",
  },
  KV_PATH: {
    field: "kvPath",
    byDefault: "./data/hub.sqlite",
    right: { "/var/lib/sse/hub.sqlite": "/var/lib/sse/hub.sqlite", "a b": "a b", "x": "x" },
    wrong: ["./data/hub.sqlite\r", " x", '"x"', "'", "x\n"],
    expected: "a file's path without white space or quotes at its ends",
  },
  SQLITE_PATH: {
    field: "sqlitePath",
    byDefault: "./data/hub.db",
    right: { "/var/lib/sse/hub.db": "/var/lib/sse/hub.db" },
    wrong: ["./data/hub.db\r", " x", '"x"'],
    expected: "a file's path without white space or quotes at its ends",
  },
  REDIS_URL: {
    field: "redisUrl",
    byDefault: undefined,
    right: {
      "rediss://user:secret@redis.example:6380/2": "rediss://user:secret@redis.example:6380/2",
    },
    wrong: ["localhost:6379", "http://localhost", "redis://a b"],
    expected: "a URL such as redis://localhost:6379",
  },
  REDIS_SENTINELS: {
    field: "redisSentinels",
    byDefault: [],
    right: { "a": ["a"], "10.0.0.1:1, :p@b:2,rediss://c": ["10.0.0.1:1", ":p@b:2", "rediss://c"] },
    wrong: ["a,", "http://a", "a:b", "a/0"],
    expected: "sentinels such as 10.0.0.1:26379 or user:password@host:26379, with commas between",
  },
  REDIS_MASTER: {
    field: "redisMaster",
    byDefault: undefined,
    right: { "my-master.1": "my-master.1" },
    wrong: ["a b", '"a"', "a\n"],
    expected: "the name of a master, of A-Z a-z 0-9 _ . -",
  },
  REDIS_CA: {
    field: "redisCa",
    byDefault: undefined,
    right: { [CERT]: CERT, [CERT.replaceAll("\n", "\\n")]: CERT },
    wrong: [],
  },
  LOG_FORMAT: {
    field: "logFormat",
    byDefault: "text",
    right: { text: "text", json: "json", off: "off" },
    wrong: ["JSON", "none", "toString"],
    expected: "text, json, off",
  },
  TRUST_PROXY: {
    field: "trustProxy",
    byDefault: 0,
    right: { "0": 0, "2": 2 },
    wrong: [...NO_NUMBERS, "true", "101"],
    expected: "a whole number from 0 to 100",
  },
  INTERVAL_MS: {
    field: "intervalMs",
    byDefault: 1_000,
    right: { "10": 10, "2147483647": 2_147_483_647 },
    wrong: [...NO_NUMBERS, "0", "9", "2147483648"],
    expected: "a whole number from 10 to 2147483647",
  },
  STREAMS: {
    field: "streams",
    byDefault: undefined,
    right: { time: ["time"], "news/de, time": ["news/de", "time"] },
    wrong: [",", "a,,b", "a,..", "a b", "/a", "a".repeat(129)],
    expected: STREAM_NAMES,
  },
  HISTORY_EVENTS: wholeFromOne("historyEvents", 1_000),
  HISTORY_BYTES: wholeFromOne("historyBytes", 1_048_576),
  HISTORY_SECONDS: wholeFromOne("historySeconds", 3_600),
  HISTORY_TOTAL_BYTES: wholeFromOne("historyTotalBytes", 268_435_456),
  MAX_STREAMS: wholeFromOne("maxStreams", 10_000),
  MAX_AUDIENCES: wholeFromZero("maxAudiences", 1_000),
  MAX_CONNECTIONS: wholeFromOne("maxConnections", 10_000),
  SLOW_SUBSCRIBER: {
    field: "slowSubscriber",
    byDefault: "disconnect",
    right: { disconnect: "disconnect", skip: "skip", latest: "latest" },
    wrong: ["Skip", "drop"],
    expected: "disconnect, skip, latest",
  },
  RETRY_MS: {
    field: "retryMs",
    byDefault: 2_000,
    right: { "0": 0, "500": 500 },
    wrong: [...NO_NUMBERS, "2147483648"],
    expected: "a whole number from 0 to 2147483647",
  },
  HEARTBEAT_SECONDS: {
    field: "heartbeatSeconds",
    byDefault: 15,
    right: { "0": 0, "86400": 86_400 },
    wrong: [...NO_NUMBERS, "86401"],
    expected: "a whole number from 0 to 86400",
  },
  MAX_CONNECTION_SECONDS: {
    field: "maxConnectionSeconds",
    byDefault: 0,
    right: { "0": 0, "2592000": 2_592_000 },
    wrong: [...NO_NUMBERS, "2592001"],
    expected: "a whole number from 0 to 2592000",
  },
  DRAIN_SECONDS: {
    field: "drainSeconds",
    byDefault: 4,
    right: { "0": 0, "3600": 3_600 },
    wrong: [...NO_NUMBERS, "3601"],
    expected: "a whole number from 0 to 3600",
  },
  PUBLISH_TOKEN: {
    field: "publishToken",
    byDefault: undefined,
    right: { [TOKEN]: TOKEN, [`${TOKEN}==`]: `${TOKEN}==` },
    wrong: [
      ...["fifteen-letters", `${TOKEN} `, `${TOKEN}"`, `=${TOKEN}`, `${TOKEN}\n`, `"${TOKEN}"`],
      ...["x".repeat(64), "1234567".repeat(4), `${"123456".repeat(4)}=`],
    ],
    expected:
      "at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end, at least 8 of them different",
  },
  JWT_KEY: {
    field: "jwtKey",
    byDefault: undefined,
    right: { [SECRET]: SECRET, [PUBLIC_KEY]: PUBLIC_KEY },
    wrong: [],
  },
  METRICS_TOKEN: {
    field: "metricsToken",
    byDefault: undefined,
    right: { [TOKEN]: TOKEN },
    wrong: ["fifteen-letters", `${TOKEN} `, "x".repeat(64)],
    expected:
      "at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end, at least 8 of them different",
  },
  JWKS_URL: {
    field: "jwksUrl",
    byDefault: undefined,
    right: Object.fromEntries([
      "https://login.example/realms/a/protocol/openid-connect/certs",
      "http://localhost:8081/jwks.json",
      "http://127.0.0.1/",
      "http://[::1]:80/x?y=z",
    ].map((url) => [url, url])),
    wrong: [
      ...["http://login.example/jwks.json", "http://10.0.0.1/", "http://localhost.example/"],
      ...["http://127.0.0.1.example/", "https://user:pass@login.example/", "login.example/jwks"],
      ...["file:///etc/jwks.json", "https://login.example/ ", "data:application/json,{}"],
    ],
    expected:
      "a URL such as https://login.example/.well-known/jwks.json, without a user; http only on this " +
      "machine",
  },
  JWT_ISSUER: texts("jwtIssuers"),
  JWT_AUDIENCE: texts("jwtAudiences"),
  JWT_LEEWAY_SECONDS: {
    field: "jwtLeewaySeconds",
    byDefault: 5,
    right: { "0": 0, "3600": 3_600 },
    wrong: [...NO_NUMBERS, "3601"],
    expected: "a whole number from 0 to 3600",
  },
  JWT_CLAIM: {
    field: "jwtClaim",
    byDefault: "sse",
    right: {
      "app_metadata.sse": "app_metadata.sse",
      "https://app.example/sse": "https://app.example/sse",
    },
    wrong: [".sse", "sse.", "a..b", "s e", '"sse"'],
    expected: "the name of a claim, such as sse, app_metadata.sse or https://app.example/sse",
  },
  STALL_SECONDS: {
    field: "stallSeconds",
    byDefault: 60,
    right: { "0": 0, "86400": 86_400 },
    wrong: [...NO_NUMBERS, "86401"],
    expected: "a whole number from 0 to 86400",
  },
  INGEST_IDLE_SECONDS: {
    field: "ingestIdleSeconds",
    byDefault: 900,
    right: { "0": 0, "86400": 86_400 },
    wrong: [...NO_NUMBERS, "86401"],
    expected: "a whole number from 0 to 86400",
  },
  SUBSCRIBE: {
    field: "subscribe",
    byDefault: "public",
    right: { public: "public", token: "token" },
    wrong: ["all", "Token"],
    expected: "public, token",
  },
  PUBLIC_PATTERNS: {
    field: "publicPatterns",
    byDefault: [],
    right: { "*": ["*"], "prices/*, a/b/*": ["prices/*", "a/b/*"] },
    wrong: ["prices", "prices/*/a", "**", "/*", "prices/*,", "a*"],
    expected: "patterns such as prices/* with commas between, each * or a stream name and /*",
  },
  CORS_ORIGINS: {
    field: "corsOrigins",
    byDefault: [],
    right: {
      "https://a.example": ["https://a.example"],
      "http://localhost:3000, https://b": ["http://localhost:3000", "https://b"],
      "capacitor://localhost,tauri://localhost": ["capacitor://localhost", "tauri://localhost"],
    },
    wrong: ["*", "null", "https://a/", "a.example", "https://a,", "https://*.a", "file://"],
    expected:
      "origins such as https://app.example or capacitor://localhost, as browsers send them: without a " +
      "path, not even a slash, and with commas between",
  },
  ALLOWED_HOSTS: {
    field: "allowedHosts",
    byDefault: undefined,
    right: {
      "hub.example": ["hub.example"],
      "hub.example, *.Hub.example": ["hub.example", "*.Hub.example"],
      "*": ["*"],
    },
    wrong: [
      "hub.example:80",
      "http://hub.example",
      ".hub.example",
      "a b",
      "a,",
      "*a",
      "[::1]",
      "ä",
    ],
    expected:
      "host names such as hub.example or *.hub.example, without a port, with commas between, or * for any",
  },
  MAX_CONNECTIONS_PER_ADDRESS: wholeFromZero("maxConnectionsPerAddress", 1_000),
  PUBLISH_RATE: wholeFromZero("publishRate"),
  MAX_EVENT_BYTES: wholeFromOne("maxEventBytes", 262_144),
};

function texts(field: keyof Config): Row {
  return {
    field,
    byDefault: [],
    right: { "https://a.example/, b c": ["https://a.example/", "b c"] },
    wrong: [",", "a,", '"a"', "ä", "a\tb"],
    expected: "texts of ASCII without quotes, with commas between",
  };
}

function wholeFromZero(field: keyof Config, byDefault = 0): Row {
  const expected = "a whole number of at least 0";
  return { field, byDefault, right: { "0": 0, "7": 7 }, wrong: NO_NUMBERS, expected };
}

function wholeFromOne(field: keyof Config, byDefault: number): Row {
  const right = { "1": 1, "9007199254740991": Number.MAX_SAFE_INTEGER };
  const wrong = [...NO_NUMBERS, "0", "9007199254740992"];
  return { field, byDefault, right, wrong, expected: "a whole number of at least 1" };
}

function read(values: Readonly<Record<string, string>>): Config {
  return readConfig((name) => values[name]);
}

function errorsOf(values: Readonly<Record<string, string>>): string[] {
  return assertThrows(() => read(values), ConfigError).message.split("\n");
}

Deno.test("the table of settings contains every field of Config", () => {
  const fields = Object.values(settings).map(({ field }) => field);
  const others = ["warnings" as const];
  assertEquals([...fields, ...others].sort(), (Object.keys(read({})) as (keyof Config)[]).sort());
});

for (const [name, { field, byDefault, right, wrong, expected }] of Object.entries(settings)) {
  // Each of them alone is refused.
  const others = {
    TLS_CERT: { TLS_KEY: KEY },
    TLS_KEY: { TLS_CERT: CERT },
    EVENT_LOG: { REDIS_URL: "redis://localhost" },
    REDIS_SENTINELS: { REDIS_MASTER: "events" },
    REDIS_MASTER: { REDIS_SENTINELS: "localhost" },
    REUSE_PORT: { EVENT_LOG: "kv" },
  }[name] ?? {};

  Deno.test(`${name} has a default, even if it is set to an empty text`, () => {
    assertEquals(read({})[field], byDefault);
    assertEquals(read({ [name]: "" })[field], byDefault);
  });

  Deno.test(`${name} is read`, () => {
    for (const [text, value] of Object.entries(right)) {
      assertEquals(read({ ...others, [name]: text })[field], value, text);
    }
  });

  if (!expected) continue;
  Deno.test(`${name} is refused with the expected value`, () => {
    for (const text of wrong) {
      const isSecret = ["PUBLISH_TOKEN", "METRICS_TOKEN", "REDIS_URL", "REDIS_SENTINELS"].includes(
        name,
      );
      const got = isSecret ? '"…"' : JSON.stringify(text);
      assertEquals(errorsOf({ ...others, [name]: text }), [
        `${name}: expected ${expected}, got ${got}`,
      ]);
    }
  });
}

Deno.test("readConfig() names all wrong settings at once, one line each", () => {
  assertEquals(errorsOf({ PORT: "http", LOG_FORMAT: "xml", HOST: "::1", MAX_STREAMS: "0" }), [
    'PORT: expected a whole number from 0 to 65535, got "http"',
    'LOG_FORMAT: expected text, json, off, got "xml"',
    'MAX_STREAMS: expected a whole number of at least 1, got "0"',
  ]);
});

Deno.test("readConfig() keeps to one line for a value with line breaks", () => {
  assertEquals(errorsOf({ PORT: "8\n0\r\nHOST: fine", MAX_STREAMS: "x" }), [
    'PORT: expected a whole number from 0 to 65535, got "8\\n0\\r\\nHOST: fine"',
    'MAX_STREAMS: expected a whole number of at least 1, got "x"',
  ]);
});

Deno.test("readConfig() shows only the beginning of a long value", () => {
  const [error = ""] = errorsOf({ STREAMS: "a".repeat(100_000) });
  assertEquals(error, `STREAMS: expected ${STREAM_NAMES}, got "${"a".repeat(200)}"`);
});

Deno.test("TLS_CERT and TLS_KEY are refused without each other", () => {
  const expected = ["TLS_CERT, TLS_KEY: expected both or neither, got one"];
  assertEquals(errorsOf({ TLS_CERT: CERT }), expected);
  assertEquals(errorsOf({ TLS_KEY: KEY }), expected);
});

Deno.test("TLS_CERT and TLS_KEY with wrong values are reported as wrong, not as missing", () => {
  const expected = "the PEM text itself, not a file's name; a file is named with _FILE";
  const cert = `TLS_CERT: expected ${expected}, got "cert.pem"`;
  const key = `TLS_KEY: expected ${expected}, got "…"`;
  assertEquals(errorsOf({ TLS_CERT: "cert.pem", TLS_KEY: "key.pem" }), [cert, key]);
  assertEquals(errorsOf({ TLS_CERT: "cert.pem", TLS_KEY: KEY }), [cert]);
  assertEquals(errorsOf({ TLS_CERT: CERT, TLS_KEY: "key.pem" }), [key]);
});

Deno.test("TLS_CERT and TLS_KEY are each named if they were exchanged", () => {
  assertEquals(errorsOf({ TLS_CERT: KEY, TLS_KEY: CERT }), [
    "TLS_CERT: expected PEM of type CERTIFICATE, got PEM of type PRIVATE KEY",
    "TLS_KEY: expected PEM of type PRIVATE KEY, got PEM of type CERTIFICATE",
  ]);
});

Deno.test("JWT_KEY is refused by its kind if it is not a secret, and is never shown", () => {
  const table = {
    "https://login.example/jwks.json": "a URL",
    "/run/secrets/sse-hub-jwt-public-key.pem": "a file's path",
    [`${SECRET}\n`]: "a text with white space at its ends",
    [`"${SECRET}"`]: "a text with quotes at its ends",
    [btoa(PUBLIC_KEY)]: "the base64 of a PEM of another form",
    [KEY.trim()]: "a private key",
    "x": "a text of 1 bytes",
  };
  for (const [text, got] of Object.entries(table)) {
    assertEquals(errorsOf({ JWT_KEY: text }), [
      `JWT_KEY: expected ${JWT_KEY_EXPECTED}, got ${got}`,
    ]);
  }
});

Deno.test("PUBLISH_TOKEN is refused if it is the example of the README", () => {
  assertEquals(errorsOf({ PUBLISH_TOKEN: "a-token-of-your-own" }), [
    "PUBLISH_TOKEN: expected a token of your own, got an example that everybody knows",
  ]);
});

Deno.test("TLS_KEY is never shown when it is refused", () => {
  const error = assertThrows(() => read({ TLS_KEY: "the-secret", PORT: "x" }), ConfigError);
  assertStringIncludes(`${error}`, "TLS_KEY: expected ");
  assertEquals(`${error}${error.stack}`.includes("the-secret"), false);
});

Deno.test("REDIS_SENTINELS and REDIS_MASTER are refused without each other, and need no REDIS_URL", () => {
  const expected = ["REDIS_SENTINELS, REDIS_MASTER: expected both or neither, got one"];
  const sentinels = { REDIS_SENTINELS: "a" };
  const master = { REDIS_MASTER: "events" };
  assertEquals(errorsOf({ EVENT_LOG: "redis", ...sentinels }), expected);
  assertEquals(errorsOf({ EVENT_LOG: "redis", REDIS_URL: "redis://a", ...master }), expected);
  assertEquals(read({ EVENT_LOG: "redis", ...sentinels, ...master }).warnings, []);
});

Deno.test("REDIS_CA causes a warning if no connection uses TLS", () => {
  const warnings = (REDIS_URL: string) =>
    read({ EVENT_LOG: "redis", REDIS_URL, REDIS_CA: CERT }).warnings;
  assertEquals(warnings("rediss://a"), []);
  assertEquals(warnings("redis://a"), ["REDIS_CA has no effect without rediss:// in REDIS_URL"]);
});

Deno.test("EVENT_LOG=redis is refused without REDIS_URL", () => {
  assertEquals(errorsOf({ EVENT_LOG: "redis" }), [
    "REDIS_URL: expected a URL such as redis://localhost:6379, for EVENT_LOG=redis",
  ]);
});

Deno.test("REUSE_PORT is refused with the log in memory, and says why", () => {
  const [error = ""] = errorsOf({ REUSE_PORT: "true" });
  assertEquals(
    error,
    "REUSE_PORT: expected EVENT_LOG=kv, sqlite or redis beside it; with the log in memory, processes on one " +
      "port would not exchange events",
  );
});

Deno.test("EVENT_LOG is kv on Deno Deploy, in the store of Deno Deploy, and memory causes a warning", () => {
  const onDeploy = { DENO_DEPLOYMENT_ID: "abc" };
  const { eventLog, kvPath, warnings } = read(onDeploy);
  assertEquals({ eventLog, kvPath, warnings }, { eventLog: "kv", kvPath: undefined, warnings: [] });
  assertEquals(read({ ...onDeploy, EVENT_LOG: "memory" }).warnings, [
    "EVENT_LOG=memory: events published on one instance do not reach the other instances",
  ]);
  assertEquals(read({ EVENT_LOG: "memory" }).warnings, []);
  assertEquals(read({ REDIS_URL: "redis://localhost", KV_PATH: "x.sqlite" }).warnings, [
    "KV_PATH has no effect without EVENT_LOG=kv",
    "REDIS_URL has no effect without EVENT_LOG=redis",
  ]);
  assertEquals(read({ STREAMS: "a,b", MAX_STREAMS: "1" }).warnings, [
    "MAX_STREAMS has no effect with STREAMS, which lists every stream that may exist",
  ]);
});

Deno.test("HEARTBEAT_SECONDS is 4 on Deno Deploy unless it is set", () => {
  const onDeploy = { DENO_DEPLOYMENT_ID: "abc" };
  assertEquals(read(onDeploy).heartbeatSeconds, 4);
  assertEquals(read({ ...onDeploy, HEARTBEAT_SECONDS: "30" }).heartbeatSeconds, 30);
});

Deno.test("METRICS_TOKEN is refused if it is PUBLISH_TOKEN", () => {
  assertEquals(errorsOf({ METRICS_TOKEN: TOKEN, PUBLISH_TOKEN: TOKEN }), [
    "METRICS_TOKEN: expected another token than PUBLISH_TOKEN, got the same",
  ]);
});

Deno.test("settings of JWTs cause a warning without keys, and JWKS_URL without JWT_AUDIENCE", () => {
  const url = { JWKS_URL: "https://login.example/jwks.json" };
  assertEquals(read({ JWT_ISSUER: "a", JWT_CLAIM: "b" }).warnings, [
    "JWT_ISSUER has no effect without JWT_KEY or JWKS_URL",
    "JWT_CLAIM has no effect without JWT_KEY or JWKS_URL",
  ]);
  assertEquals(read({ ...url, JWT_ISSUER: "a" }).warnings, [
    "JWKS_URL without JWT_AUDIENCE: tokens that the issuer made for other applications are accepted too",
  ]);
  assertEquals(read({ ...url, JWT_AUDIENCE: "a" }).warnings, []);
  assertEquals(read({ JWT_KEY: SECRET, JWT_LEEWAY_SECONDS: "0" }).warnings, []);
});
