import { assertEquals, assertMatch } from "@std/assert";
import { assertProblem, get, messages, testApp } from "./support.ts";

Deno.test("a handler that throws causes a 500 that reveals nothing of the error", async () => {
  const pages = new Map([["/page", {
    GET: () => {
      throw new Error("the password\nis 1234");
    },
  }]]);
  await using app = testApp({}, pages);
  await assertProblem(
    await app.fetch(get("/page")),
    500,
    '{"status":500,"title":"Internal Server Error",' +
      '"detail":"The server failed to answer; the error has been logged"}',
  );
  assertEquals(messages(app).length, 1);
  assertMatch(
    messages(app)[0]!,
    /^error error="Error: the password\\nis 1234\\n {4}at GET /,
  );
  assertEquals((await app.fetch(get("/healthz"))).status, 200);
});

Deno.test("a handler that throws any value causes a 500 and one line in the log about the error", async () => {
  for (
    const thrown of [undefined, null, "text", 0, Symbol("a"), Object.create(null), new Error()]
  ) {
    const pages = new Map([["/page", { GET: () => Promise.reject(thrown) }]]);
    await using app = testApp({}, pages);
    assertEquals((await app.fetch(get("/page"))).status, 500);
    assertMatch(messages(app).join("\n"), /^error error=.+$/);
  }
});

Deno.test("a handler that throws causes a 500 without a body for HEAD", async () => {
  await using app = testApp({}, new Map([["/page", { GET: () => Promise.reject(new Error()) }]]));
  const response = await app.fetch(get("/page", { method: "HEAD" }));
  assertEquals([response.status, await response.text()], [500, ""]);
});
