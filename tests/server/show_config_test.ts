import { assert, assertEquals } from "@std/assert";
import { OPTION_NAMES } from "../../lib/server/options.ts";
import { showConfig } from "../../lib/server/show_config.ts";

const SECRET = "a secret of at least 32 bytes, ok?";
const CERT = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

function show(settings: Readonly<Record<string, string>>): readonly string[] {
  return showConfig((name) => settings[name]);
}

Deno.test("showConfig() shows every option, and marks those that are set", () => {
  const lines = show({ PORT: "9000", STREAMS: "a, b", KV_PATH: "a\u001b[31mb", MAX_STREAMS: "" });
  assertEquals(lines.map((line) => line.split("=")[0]!), [...OPTION_NAMES]);
  for (const line of ["HOST=0.0.0.0", "REDIS_URL=", "MAX_STREAMS=10000", "CORS_ORIGINS="]) {
    assert(lines.includes(line), line);
  }
  assertEquals(lines.filter((line) => line.includes("#")), [
    "PORT=9000                                # set",
    "KV_PATH=a\\u001b[31mb                     # set",
    "STREAMS=a,b                              # set",
  ]);
});

Deno.test("showConfig() shows no secret, and of a certificate only the length", () => {
  const secrets = {
    PUBLISH_TOKEN: "0123456789abcdef",
    JWT_KEY: SECRET,
    REDIS_URL: "redis://user:pass@a",
    REDIS_SENTINELS: ":pass@a",
    TLS_KEY: "-----BEGIN PRIVATE KEY-----",
  };
  const lines = show({ ...secrets, TLS_CERT: CERT });
  for (const [name, text] of Object.entries(secrets)) {
    assert(lines.some((line) => line.startsWith(`${name}=(hidden) `)), name);
    assertEquals(lines.filter((line) => line.includes(text)), []);
  }
  assert(lines.some((line) => line.startsWith(`TLS_CERT=(PEM, ${CERT.length} characters) `)));
});

Deno.test("showConfig() shows the defaults of Deno Deploy there", () => {
  const lines = show({ DENO_DEPLOYMENT_ID: "abc" });
  for (const line of ["EVENT_LOG=kv", "KV_PATH=", "HEARTBEAT_SECONDS=4", "ALLOWED_HOSTS=*"]) {
    assert(lines.includes(line), line);
  }
});
