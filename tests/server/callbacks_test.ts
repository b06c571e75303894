import { assertEquals, assertMatch } from "@std/assert";
import type { AppOptions } from "../../lib/server/app.ts";
import { get, testApp } from "./support.ts";

// The server's half of ../callbacks_test.ts: an error in a callback of createApp() costs only the
// request or the figure that the callback was called for, and is logged once.

const SETTINGS = { PUBLISH_TOKEN: "a-token-for-these-tests" };
const headers = { authorization: `Bearer ${SETTINGS.PUBLISH_TOKEN}` };
const ways: Readonly<Record<string, () => never>> = {
  throws: () => {
    throw new Error("broken");
  },
  rejects: () => Promise.reject(new Error("broken")) as never,
};

for (const [way, fail] of Object.entries(ways)) {
  Deno.test(`createApp() answers 500 only to the request whose authorize() ${way}`, async () => {
    await using app = testApp(SETTINGS, new Map(), { authorize: fail });
    assertEquals((await app.fetch(get("/sse?stream=a"))).status, 500);
    assertEquals((await app.fetch(get("/healthz"))).status, 200);
    assertEquals(app.log.all.filter((line) => line.includes("broken")).length, 1);
  });

  Deno.test(`createApp() answers 500 only to the request whose page ${way}`, async () => {
    await using app = testApp(SETTINGS, new Map([["/page", { GET: fail }]]));
    const response = await app.fetch(get("/page"));
    assertEquals([response.status, (await response.text()).includes("broken")], [500, false]);
    assertEquals((await app.fetch(get("/healthz"))).status, 200);
    assertEquals(app.log.all.filter((line) => line.includes("broken")).length, 1);
  });

  Deno.test(`createApp() keeps serving when print() ${way}`, async () => {
    await using app = testApp(SETTINGS, new Map(), { print: fail });
    const response = await app.fetch(get("/sse?stream=a"));
    assertEquals(response.status, 200);
    await response.body?.cancel();
  });
}

for (const name of ["processStats", "droppedLines"] as const) {
  Deno.test(`createApp() logs an error of ${name}(), and leaves its figure out of /metrics`, async () => {
    const options: AppOptions = { [name]: ways.throws! };
    await using app = testApp(SETTINGS, new Map(), options);
    const response = await app.fetch(get("/metrics", { headers }));
    assertMatch(await response.text(), /^sse_streams 1$/m);
    assertEquals(app.log.all.filter((line) => line.includes("broken")).length, 1);
  });
}
