import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { Client, subscription } from "../client.ts";
import type { AppOptions } from "../../lib/server/app.ts";
import { get, INFO, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";

/** An app with this token, without the stream time. */
function publishApp(settings: Readonly<Record<string, string>> = {}): TestApp {
  return testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000", ...settings });
}

/** A publish request as curl would send it. */
function post(app: TestApp, query: string, body: string, type = "text/plain"): Promise<Response> {
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": type };
  return app.fetch(get(`/sse?${query}`, { method: "POST", headers, body }));
}

function json(app: TestApp, query: string, body: unknown): Promise<Response> {
  return post(app, query, JSON.stringify(body), "application/json");
}

function remove(app: TestApp, query: string): Promise<Response> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return app.fetch(get(`/sse?${query}`, { method: "DELETE", headers }));
}

Deno.test("POST /sse publishes text, and answers with its id and its subscribers", async () => {
  await using app = publishApp();
  await using client = new Client(app.hub.subscribe(subscription("stream=news")));
  const response = await post(app, "stream=news", "Hello\n world");
  const { id, ...rest } = await response.json();
  assertEquals([response.status, rest], [200, { stream: "news", subscribers: 1 }]);
  const [, event] = await client.take(2);
  assertEquals(event, { event: "message", data: "Hello\n world", lastEventId: id });
});

Deno.test("POST /sse publishes the fields of an event, with any JSON as data", async () => {
  await using app = publishApp();
  await using client = new Client(app.hub.subscribe(subscription("stream=news")));
  await json(app, "stream=news", { event: "price", id: "mine", data: { eur: [1.08] } });
  await json(app, "stream=news", { data: "a string as it is" });
  const [, first, second] = await client.take(3);
  assertEquals([first?.event, first?.data], ["price", '{"eur":[1.08]}']);
  assertEquals([second?.event, second?.data], ["message", "a string as it is"]);
});

Deno.test("POST /sse publishes a whole batch or none of it", async () => {
  await using app = publishApp();
  const good = await json(app, "stream=news", [{ data: "1" }, { data: "2" }]);
  assertMatch((await good.json()).id, /-2$/);
  const bad = await json(app, "stream=news", [{ data: "3" }, { data: "4", event: "a\nb" }]);
  assertEquals(bad.status, 400);
  assertMatch((await bad.json()).detail, /^At index 1: "event" must be/);
  assertEquals(app.hub.stats().published, 2);
});

Deno.test("POST /sse without ?stream= publishes to the stream that the events name", async () => {
  await using app = publishApp({ STREAMS: "a,b" });
  const one = await json(app, "", { stream: "a", data: "1" });
  assertEquals([one.status, (await one.json()).stream], [200, "a"]);
  assertEquals(
    (await json(app, "", [{ stream: "b", data: 2 }, { stream: "b", data: 3 }])).status,
    200,
  );
  const table: [unknown, number, RegExp][] = [
    [
      [{ stream: "a", data: 1 }, { stream: "b", data: 2 }],
      400,
      /send events of several streams as lines/,
    ],
    [{ data: 1 }, 400, /^Name one stream with \?stream=<name>, or a stream for each event/],
    [{ stream: "..", data: 1 }, 400, /^"stream" must be/],
    [{ stream: "other", data: 1 }, 404, /There is no stream other/],
    [[{ stream: "a", data: 1 }, { stream: "a" }], 400, /^At index 1: An event needs/],
  ];
  for (const [body, status, detail] of table) {
    const response = await json(app, "", body);
    assertEquals(response.status, status, `${detail}`);
    assertMatch((await response.json()).detail, detail);
  }
  assertEquals((await json(app, "stream=a", { stream: "a", data: 1 })).status, 400);
  assertEquals([app.hub.stream("a")!.published, app.hub.stream("b")!.published], [1, 2]);
});

Deno.test("POST /sse answers a repeated key with the first publish's result", async () => {
  await using app = publishApp();
  const first = await (await json(app, "stream=news", { id: "k", data: "x" })).json();
  const again = await (await json(app, "stream=news", { id: "k", data: "x" })).json();
  assertEquals([again, app.hub.stats().published], [first, 1]);
});

Deno.test("POST /sse needs exactly one valid stream name", async () => {
  await using app = publishApp({ STREAMS: "news" });
  const table = { "": 400, "stream=news&stream=b": 400, "stream=..": 400, "stream=other": 404 };
  for (const [query, status] of Object.entries(table)) {
    const response = await post(app, query, "x");
    assertEquals([response.status, query], [status, query]);
    await response.body!.cancel();
  }
});

Deno.test("POST /sse to a stream that has ended is 409", async () => {
  await using app = publishApp();
  await post(app, "stream=news", "x");
  assertEquals((await remove(app, "stream=news")).status, 204);
  assertEquals((await remove(app, "stream=news")).status, 204);
  const response = await post(app, "stream=news", "y");
  assertEquals([response.status, (await response.json()).title], [409, "Conflict"]);
});

Deno.test("DELETE /sse of an unknown stream is 404", async () => {
  await using app = publishApp();
  const response = await remove(app, "stream=news");
  assertEquals([response.status, (await response.json()).title], [404, "Not Found"]);
});

Deno.test("DELETE /sse of the stream time is refused, and the stream goes on", async () => {
  await using app = publishApp({ INTERVAL_MS: "10" });
  await using client = new Client(app.hub.subscribe(subscription("stream=time")));
  await client.take(2);
  assertEquals((await remove(app, "stream=time")).status, 403);
  assertEquals((await client.take(3)).length, 3);
  assertEquals(app.hub.stream("time")?.isEphemeral, true);
});

Deno.test("POST /sse with a body that is too large is 413, and the rest is not read", async () => {
  await using app = publishApp({ MAX_EVENT_BYTES: "100" });
  assertEquals((await post(app, "stream=news", "x".repeat(101))).status, 413);
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(60));
    },
  });
  const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "text/plain" };
  const response = await app.fetch(get("/sse?stream=news", { method: "POST", headers, body }));
  assertEquals(response.status, 413);
  assert(pulled < 5, `pulled ${pulled} times`);
});

Deno.test("POST /sse over PUBLISH_RATE is 429 and says when to try again", async () => {
  await using app = publishApp({ PUBLISH_RATE: "1" });
  assertEquals((await post(app, "stream=news", "1")).status, 200);
  const response = await post(app, "stream=news", "2");
  assertEquals([response.status, response.headers.get("retry-after")], [429, "1"]);
});

Deno.test("POST /sse accepts a whole batch over PUBLISH_RATE, and then waits for all its events", async () => {
  await using app = publishApp({ PUBLISH_RATE: "10" });
  const batch = Array.from({ length: 10_000 }, () => ({ data: "x" }));
  assertEquals((await json(app, "stream=news", batch)).status, 200);
  const response = await post(app, "stream=news", "2");
  assertEquals(response.status, 429);
  assert(Number(response.headers.get("retry-after")) > 900);
  assertEquals(app.hub.stats().published, 10_000);
});

Deno.test("POST /sse to one stream over MAX_STREAMS is 429, and the other streams go on", async () => {
  await using app = publishApp({ MAX_STREAMS: "3" });
  assertEquals(app.hub.streams().map(({ name }) => name), ["time"]);
  for (const [stream, status] of [["a", 200], ["b", 200], ["c", 429], ["a", 200]] as const) {
    const response = await post(app, `stream=${stream}`, "x");
    assertEquals([response.status, stream], [status, stream]);
    assertEquals(response.headers.has("retry-after"), status === 429);
  }
});

Deno.test("POST /sse while the server is stopping is 503", async () => {
  await using app = publishApp();
  await app.close();
  const response = await post(app, "stream=news", "x");
  assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
});

Deno.test("GET /streams lists the streams, GET /streams/<name> shows one, both for the token only", async () => {
  await using app = publishApp();
  const { id } = await (await post(app, "stream=a/b", "x")).json();
  const headers = { authorization: `Bearer ${TOKEN}` };
  const list = await (await app.fetch(get("/streams", { headers }))).json();
  const one = await (await app.fetch(get("/streams/a/b", { headers }))).json();
  assertEquals(list.streams.map(({ name }: { name: string }) => name), ["a/b", "time"]);
  assertEquals([one.name, one.events, one.firstId, one.lastId], ["a/b", 1, id, id]);
  assertEquals((await app.fetch(get("/streams/none", { headers }))).status, 404);
  assertEquals((await app.fetch(get("/streams"))).status, 401);
  assertEquals((await app.fetch(get("/streams/a/b"))).status, 401);
});

Deno.test("createApp() calls the application's authorize() for every use of a stream", async () => {
  const asked: unknown[] = [];
  await using app = testApp({ INTERVAL_MS: "3600000" }, new Map(), {
    authorize(_request, action, streams) {
      asked.push([action, streams]);
      return action === "publish" ? new Response(null, { status: 418 }) : {};
    },
  });
  const response = await app.fetch(get("/sse?stream=b&stream=a"));
  await response.body!.cancel();
  assertEquals((await app.fetch(get("/sse?stream=a", { method: "POST" }))).status, 418);
  assertEquals((await app.fetch(get("/streams"))).status, 200);
  assertEquals(asked, [["subscribe", ["b", "a"]], ["publish", ["a"]], ["figures", []]]);
});

Deno.test("a grant that expires ends connections of both shapes with an event expired", async () => {
  await using app = testApp({ HEARTBEAT_SECONDS: "1" }, new Map(), {
    authorize: () => ({ expiresAtMs: Date.now() + 30 }),
  });
  for (const path of ["/sse", "/sse?stream=news"]) {
    const events = await new Client(await app.fetch(get(path))).rest();
    assertEquals([path, events.at(-1)?.event], [path, "expired"]);
  }
  const reasons = app.log.all.filter((line) => line.includes("reason=expired"));
  assertEquals(reasons.length, 2);
});

Deno.test("a flood of stream names stays within MAX_STREAMS, and other publishers go on", async () => {
  await using app = publishApp({ MAX_STREAMS: "100", HISTORY_TOTAL_BYTES: "10000" });
  let refused = 0;
  for (let i = 0; i < 50_000; i++) {
    try {
      app.hub.publish(`s${i}`, { data: "x" });
    } catch {
      refused++;
    }
  }
  for (let i = 0; i < 10_000; i++) {
    await app.hub.subscribe(subscription(`stream=t${i}`)).body!.cancel();
  }
  const { streams, subscribers, historyBytes } = app.hub.stats();
  assertEquals([refused, streams, subscribers], [49_901, 100, 0]);
  assertEquals(historyBytes <= 10_000, true);
  assertEquals((await post(app, "stream=s1", "still")).status, 200);
  assertEquals((await post(app, "stream=s99", "one too many")).status, 429);
});

Deno.test("20 000 publishes in one turn take a history 64 KiB beyond its bounds at most", async () => {
  await using app = publishApp();
  let mostBytes = 0;
  for (let i = 0; i < 20_000; i++) {
    app.hub.publish("a", { data: `${i}` });
    mostBytes = Math.max(mostBytes, app.hub.stream("a")!.bytes);
  }
  await Promise.resolve();
  const { events, bytes } = app.hub.stream("a")!;
  assertEquals(events, 1_000);
  assertLess(mostBytes, bytes + 65_536 + 100);
});

Deno.test("OPTIONS of /sse names POST only where some credential permits to publish", async () => {
  const reads = "GET, HEAD, OPTIONS";
  const all = "GET, HEAD, POST, DELETE, OPTIONS";
  const rows: [settings: Record<string, string>, options: AppOptions, allow: string][] = [
    [{}, {}, reads],
    [{ PUBLISH_TOKEN: "a-token-to-publish-with" }, {}, all],
    [{ JWT_KEY: "a secret of at least 32 bytes, ok?" }, {}, all],
    [{}, { authorize: () => ({}) }, all],
  ];
  for (const [settings, options, allow] of rows) {
    await using app = testApp(settings, new Map(), options);
    const response = await app.fetch(get("/sse", { method: "OPTIONS" }), INFO);
    assertEquals([response.status, response.headers.get("allow")], [204, allow]);
  }
});
