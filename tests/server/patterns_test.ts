import { assertEquals, assertMatch } from "@std/assert";
import type { Grant } from "../../lib/server/app.ts";
import { signHs256 } from "./jwt_support.ts";
import { get, QUIET, testApp } from "./support.ts";

const SECRET = "a secret of at least thirty-two bytes";
const TOKEN = "a-token-for-these-tests";
const exp = Math.floor(Date.now() / 1_000) + 3_600;

/** The status of subscribing with a token, for each query. */
async function statuses(
  settings: Readonly<Record<string, string>>,
  queries: readonly string[],
  token?: string,
): Promise<number[]> {
  await using app = testApp({ ...QUIET, ...settings });
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return await Promise.all(queries.map(async (query) => {
    const response = await app.fetch(get(`/sse?${query}`, { headers }));
    await response.body?.cancel();
    return response.status;
  }));
}

const QUERIES = [
  "stream=orders/1",
  "stream=orders/*",
  "stream=orders/eu/*",
  "stream=*",
  "stream=orders",
  "stream=others/1&stream=orders/*",
];

Deno.test("a pattern needs a token that covers it as a whole, also on a public server", async () => {
  const settings = { PUBLISH_TOKEN: TOKEN, JWT_KEY: SECRET, SUBSCRIBE: "public" };
  const closed = { ...settings, SUBSCRIBE: "token" };
  const folder = await signHs256({ exp, sse: { subscribe: ["orders/*"] } }, SECRET);
  const each = await signHs256({ exp, sse: { subscribe: ["orders/1", "orders/eu/*"] } }, SECRET);
  const reader = await signHs256({ exp, sse: { admin: "read" } }, SECRET);
  assertEquals(await statuses(settings, QUERIES), [200, 401, 401, 401, 200, 401]);
  assertEquals(await statuses(settings, QUERIES, TOKEN), [200, 200, 200, 200, 200, 200]);
  assertEquals(await statuses(settings, QUERIES, folder), [200, 200, 200, 403, 200, 200]);
  assertEquals(await statuses(settings, QUERIES, each), [200, 403, 200, 403, 200, 403]);
  assertEquals(await statuses(settings, QUERIES, reader), [200, 200, 200, 200, 200, 200]);
  assertEquals(await statuses(closed, QUERIES), [401, 401, 401, 401, 401, 401]);
  assertEquals(await statuses(closed, QUERIES, folder), [200, 200, 200, 403, 403, 403]);
  assertEquals(await statuses(closed, QUERIES, each), [200, 403, 200, 403, 403, 403]);
});

Deno.test("PUBLIC_PATTERNS opens patterns, and what they cover, to everybody", async () => {
  const settings = { PUBLISH_TOKEN: TOKEN, PUBLIC_PATTERNS: "orders/*" };
  assertEquals(await statuses(settings, QUERIES), [200, 200, 200, 401, 200, 200]);
  const closed = { ...settings, SUBSCRIBE: "token" };
  assertEquals(await statuses(closed, QUERIES), [200, 200, 200, 401, 401, 401]);
  assertEquals(await statuses(closed, [""]), [401]);
});

Deno.test("a server without tokens says which settings enable patterns", async () => {
  await using app = testApp(QUIET);
  const refused = await app.fetch(get("/sse?stream=orders/*"));
  assertEquals(refused.status, 403);
  assertEquals(
    (await refused.json()).detail,
    "Patterns of streams are disabled on this server; set PUBLISH_TOKEN, JWT_KEY or PUBLIC_PATTERNS to enable them",
  );
});

Deno.test("a client with a JWT for orders/* never sees an event of orders or others/1", async () => {
  const token = await signHs256({ exp, sse: { subscribe: ["orders/*"] } }, SECRET);
  await using app = testApp({ ...QUIET, JWT_KEY: SECRET, SUBSCRIBE: "token" });
  for (const name of ["orders", "others/1", "orders/1"]) app.hub.publish(name, `old ${name}`);
  const headers = { authorization: `Bearer ${token}` };
  const response = await app.fetch(get("/sse?stream=orders/*&since=earliest", { headers }));
  for (const name of ["others/1", "orders", "orders/2"]) app.hub.publish(name, `new ${name}`);
  app.hub.publish("orders/1", "last");
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("last")) break;
  }
  assertEquals(text.match(/(?<=data: )(?:old|new|last).*/g), [
    "old orders/1",
    "new orders/2",
    "last",
  ]);
});

Deno.test("STREAMS limits what a pattern reaches", async () => {
  const settings = { ...QUIET, STREAMS: "a/1,a/2,b", PUBLIC_PATTERNS: "*" };
  await using app = testApp(settings);
  const response = await app.fetch(get("/sse?stream=a/*&since=1"));
  // Another instance may publish to it.
  for (const name of ["a/1", "a/3", "b", "a/2"]) app.hub.publish(name, name);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!text.includes("a/2")) text += (await reader.read()).value;
  await reader.cancel();
  assertEquals(text.match(/(?<=data: )[ab].*/g), ["a/1", "a/2"]);
  const none = await app.fetch(get("/sse?stream=c/*"));
  assertEquals(none.status, 404);
  assertMatch((await none.json()).detail, /^There is no stream c\/\*/);
});

Deno.test("an application's own authorize() grants patterns only with `patterns: true`", async () => {
  const status = async (grant: Grant, query: string) => {
    await using app = testApp(QUIET, new Map(), { authorize: () => grant });
    const response = await app.fetch(get(`/sse?${query}`));
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status({}, "stream=orders/1"), 200);
  assertEquals(await status({}, "stream=orders/1&stream=orders/*"), 403);
  assertEquals(await status({}, "stream=*"), 403);
  assertEquals(await status({ patterns: true }, "stream=*"), 200);
});

Deno.test("hooks are told the patterns of a subscriber, and never a name that it asked for besides", async () => {
  const asked: string[][] = [];
  const authorize = (_: Request, _action: string, streams: readonly string[]) => {
    asked.push([...streams]);
    return { patterns: true };
  };
  await using app = testApp(QUIET, new Map(), { authorize });
  const response = await app.fetch(get("/sse?stream=orders/*&stream=orders/1"));
  assertEquals(asked, [["orders/*", "orders/1"]]);
  assertEquals(app.hub.subscribers().map(({ streams }) => streams), [["orders/*"]]);
  await response.body?.cancel();
});
