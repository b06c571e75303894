import { assertEquals, assertMatch } from "@std/assert";
import { MemoryLog } from "../../lib/log/memory.ts";
import { VERSION } from "../../lib/server/version.ts";
import { readFile } from "../manual.ts";
import { lacks } from "../program.ts";
import { get, testApp } from "./support.ts";

Deno.test("GET /healthz is 200 even after close()", async () => {
  await using app = testApp();
  assertEquals(await (await app.fetch(get("/healthz"))).text(), "ok\n");
  await app.close();
  assertEquals((await app.fetch(get("/healthz"))).status, 200);
});

Deno.test("GET /readyz is 503 after close()", async () => {
  await using app = testApp();
  const before = await app.fetch(get("/readyz"));
  assertEquals([before.status, await before.text()], [200, "ok\n"]);
  await app.close();
  const after = await app.fetch(get("/readyz"));
  assertEquals([after.status, await after.text()], [503, "stopping\n"]);
});

Deno.test("GET /readyz?for=subscribe is 503 only while the server is stopping", async () => {
  const eventLog = new MemoryLog();
  await using app = testApp({}, undefined, { eventLog });
  const statuses = async () => {
    const paths = ["/readyz?for=subscribe", "/readyz"];
    return await Promise.all(paths.map(async (path) => (await app.fetch(get(path))).status));
  };
  assertEquals(await statuses(), [200, 200]);
  Object.defineProperty(eventLog, "isUp", { value: false });
  assertEquals(await statuses(), [200, 503]);
  const draining = app.drain(0);
  assertEquals(await statuses(), [503, 503]);
  await draining;
});

Deno.test("GET /readyz refuses an unknown value of ?for=", async () => {
  await using app = testApp();
  for (const query of ["for=publish", "for=", "for=subscribe&for=x"]) {
    const response = await app.fetch(get(`/readyz?${query}`));
    assertEquals(response.status, 400);
    assertMatch((await response.json()).detail, /\/readyz\?for=subscribe/);
  }
});

Deno.test("GET /healthz?details=true tells an operator's token what runs, and nobody else", async () => {
  const settings = { PUBLISH_TOKEN: "a-token-for-these-tests", METRICS_TOKEN: "the-metrics-token" };
  const processStats = () => ({ residentBytes: 5 });
  await using app = testApp({ ...settings, MAX_STREAMS: "7" }, undefined, { processStats });
  const ask = async (query: string, token?: string) => {
    const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return await app.fetch(get(`/healthz?${query}`, { headers }));
  };
  assertEquals((await ask("details=true")).status, 401);
  assertEquals((await ask("details=true", "wrong")).status, 401);
  assertEquals((await ask("details=1", settings.METRICS_TOKEN)).status, 400);
  for (const token of Object.values(settings)) {
    const { uptimeSeconds, runtime, ...details } = await (await ask("details=true", token)).json();
    assertEquals([uptimeSeconds, /^(?:Deno|Node\.js|Bun)\/\d/.test(runtime)], [0, true]);
    assertEquals(details, {
      status: "ok",
      version: VERSION,
      eventLog: "memory",
      isLogUp: true,
      connections: { open: 0, max: 10_000 },
      subscribers: 0,
      streams: { open: 1, max: 7 },
      historyBytes: { used: 0, max: 268_435_456 },
      residentBytes: 5,
      jwks: null,
    });
  }
});

Deno.test({
  name: "VERSION is the version of the package",
  ignore: await lacks("read"),
  async fn() {
    assertEquals(JSON.parse(await readFile("deno.json")).version, VERSION);
  },
});
