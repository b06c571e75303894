import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, subscription } from "../client.ts";
import { ScriptedLog } from "../scripted_log.ts";
import { signHs256 } from "./jwt_support.ts";
import { get, QUIET, testApp } from "./support.ts";

/** A request of a program, which accepts anything. */
function read(path: string, init: RequestInit = {}): Request {
  const request = get(path, init);
  if (!new Headers(init.headers).has("accept")) request.headers.delete("accept");
  return request;
}

const JWT_KEY = "this secret of the tests has more than 32 bytes";

Deno.test("GET /events reads the events of streams back, page by page", async () => {
  await using app = testApp(QUIET);
  await app.hub.publish("a", [{ event: "price", data: "1" }, "2"]);
  const first = await app.fetch(read("/events?stream=a&stream=b&limit=1"));
  assertEquals(first.headers.get("cache-control"), "no-store");
  const { events, next, ...rest } = await first.json();
  const [{ publishedMs, ...event }] = events;
  assertEquals(event, { id: next, stream: "a", event: "price", data: "1" });
  assert(publishedMs > Date.now() - 60_000);
  assertEquals(rest, { more: true, gap: [], reset: false, ended: [] });
  const last = await (await app.fetch(read(`/events?stream=a&after=${next}`))).json();
  assertEquals([last.events[0].data, last.more], ["2", false]);
});

Deno.test("GET /events begins with the newest events, with since", async () => {
  await using app = testApp(QUIET);
  await app.hub.publish("a", ["1", "2", "3"]);
  const { events } = await (await app.fetch(read("/events?stream=a&since=2"))).json();
  assertEquals(events.map(({ data }: { data: string }) => data), ["2", "3"]);
  assertEquals((await app.fetch(read("/events?stream=a&since=x"))).status, 400);
});

Deno.test("GET /events shows an EventSource the path that is meant", async () => {
  await using app = testApp(QUIET);
  const headers = { accept: "text/event-stream" };
  const response = await app.fetch(read("/events?stream=a", { headers }));
  assertEquals(response.status, 404);
  assertMatch((await response.json()).detail, /subscribe with GET \/sse\?stream=a,/);
});

Deno.test("GET /head gives the id with which a client resumes", async () => {
  await using app = testApp(QUIET);
  await app.hub.publish("a", "before");
  const { id } = await (await app.fetch(read("/head?stream=a"))).json();
  await app.hub.publish("a", "after");
  await using client = new Client(app.hub.subscribe(subscription("stream=a", id)));
  assertEquals((await client.data(2))[1], "after");
});

Deno.test("GET /events and /head refuse what a subscription refuses", async () => {
  await using app = testApp({ STREAMS: "a", ...QUIET });
  const table = {
    "": 400,
    "?topic=a": 400,
    "?stream=..": 400,
    "?stream=other": 404,
    [`?${Array.from({ length: 33 }, () => "stream=a").join("&")}`]: 200,
    "?stream=a": 200,
  };
  for (const path of ["/events", "/head"]) {
    for (const [query, status] of Object.entries(table)) {
      const response = await app.fetch(read(path + query));
      assertEquals([response.status, path + query], [status, path + query]);
      await response.body!.cancel();
    }
  }
  const wrong = await (await app.fetch(read("/events?stream=a&limit=0"))).json();
  assertEquals(wrong.detail, "The parameter limit must be a whole number from 1 to 1000");
});

Deno.test("GET /events and /head need the rights of a subscriber", async () => {
  await using app = testApp({ SUBSCRIBE: "token", JWT_KEY, ...QUIET });
  const sse = { subscribe: ["a"] };
  const token = await signHs256({ exp: Date.now() / 1_000 + 60, sse }, JWT_KEY);
  const headers = { authorization: `Bearer ${token}` };
  for (const path of ["/events", "/head"]) {
    assertEquals((await app.fetch(read(`${path}?stream=a`))).status, 401);
    assertEquals((await app.fetch(read(`${path}?stream=b`, { headers }))).status, 403);
    assertEquals((await app.fetch(read(`${path}?stream=a`, { headers }))).status, 200);
  }
});

Deno.test("GET /events and /head get a 503 when the server is closed", async () => {
  await using app = testApp(QUIET);
  await app.close();
  for (const path of ["/events", "/head"]) {
    const response = await app.fetch(read(`${path}?stream=a`));
    assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
  }
});

Deno.test("GET /events gets a 503 while the log gives no answer", async () => {
  await using app = testApp(QUIET, new Map(), { eventLog: new ScriptedLog() });
  const response = await app.fetch(read("/events?stream=a&after=e-7"));
  assertEquals(response.status, 503);
  assertMatch((await response.json()).detail, /behind the event log/);
});
