import { assertEquals, assertMatch } from "@std/assert";
import { MemoryLog } from "../../lib/log/memory.ts";
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
