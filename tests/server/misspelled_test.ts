import { assertEquals } from "@std/assert";
import { findMisspelled } from "../../lib/server/misspelled.ts";
import { words } from "./support.ts";

/** The warnings for variables that are all set to a text. */
function find(names: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const all: Readonly<Record<string, string>> = {
    ...Object.fromEntries(names.map((name) => [name, "x"])),
    ...settings,
  };
  return findMisspelled(Object.keys(all), (name) => all[name]);
}

Deno.test("findMisspelled() names the option that a variable was meant to be", () => {
  const table = {
    HISTORY_EVENT: "HISTORY_EVENTS",
    HISTROY_EVENTS: "HISTORY_EVENTS",
    HISTORY_SECS: undefined,
    HISTORY_SECOND: "HISTORY_SECONDS",
    history_bytes: "HISTORY_BYTES",
    PUBLISHTOKEN: "PUBLISH_TOKEN",
    PUBLSIH_TOKN: "PUBLISH_TOKEN",
    EVENTLOG: "EVENT_LOG",
    CORS_ORIGIN: "CORS_ORIGINS",
    MAX_CONECTION: "MAX_CONNECTIONS",
    DRAIN_SECONDS_: "DRAIN_SECONDS",
    TRUST_PROXIE: undefined,
  };
  for (const [name, option] of Object.entries(table)) {
    const warning = `${name} is not an option of the server; did you mean ${option}?`;
    assertEquals(find([name]), option === undefined ? [] : [warning]);
  }
});

Deno.test("findMisspelled() leaves alone the variables of shells, platforms and other programs", () => {
  const others = words(`
    PATH HOME HOSTNAME HOSTS PORTS POST STREAM SHELL USER LANG TERM PWD OLDPWD TMPDIR EDITOR DISPLAY
    KVPATH GOPATH JWT_SECRET JWT_KEYS SSL_CERT SSL_CERT_FILE SSL_KEY TLS_CERTS TLS_CA REDIS_CERT
    REDIS_URI REDIS_URLS REDIS_DB REDIS_HOST REDIS_PORT REDIS_PASSWORD REDIS_TLS_URL REDIS_MASTERS
    REDIS_MASTER_PORT REDIS_MASTER_SERVICE_HOST EVENT_LOG_PORT EVENT_LOGGER EVENT_LOOP LOG_LEVEL
    LOG_FILE DB_MAX_CONNECTIONS MAX_RETRIES RETRY_MAX RETRY_COUNT HTTP_PROXY HTTPS_PROXY NO_PROXY
    API_TOKEN GITHUB_TOKEN NPM_TOKEN CI_JOB_TOKEN DENO_DIR DENO_SERVE_ADDRESS DENO_DEPLOYMENT_ID
    OTEL_DENO OTEL_SERVICE_NAME DYNO WEB_CONCURRENCY KUBERNETES_PORT KUBERNETES_SERVICE_HOST
    INVOCATION_ID JOURNAL_STREAM LISTEN_FDS INIT_CWD npm_config_cache npm_lifecycle_event
    CONDA_PREFIX VIRTUAL_ENV ALLOWED_ORIGINS SUBSCRIBERS_URL HISTSIZE HISTFILE HISTCONTROL
    HISTTIMEFORMAT INTERVAL TIMEOUT_MS
  `);
  assertEquals(find(others), []);
});

Deno.test("findMisspelled() leaves alone what is empty, and what stands beside the right option", () => {
  assertEquals(find([], { HISTORY_EVENT: "" }), []);
  assertEquals(find(["CORS_ORIGIN"], { CORS_ORIGINS: "https://a.example" }), []);
});

Deno.test("findMisspelled() names options for Redis only where the log is Redis", () => {
  assertEquals(find(["REDIS_URI", "REDIS_MASTR"], { EVENT_LOG: "redis" }), [
    "REDIS_URI is not an option of the server; did you mean REDIS_URL?",
    "REDIS_MASTR is not an option of the server; did you mean REDIS_MASTER?",
  ]);
});
