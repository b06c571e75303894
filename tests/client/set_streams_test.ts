import { assert, assertEquals, assertRejects } from "@std/assert";
import { subscribe, type SubscriptionOptions } from "../../lib/client/mod.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { hello, ScriptedServer } from "./scripted_server.ts";
import { ScriptedHost, settled } from "./scripted_host.ts";

/** Subscribes, up to the first event. */
async function begin(options: SubscriptionOptions = {}) {
  const host = new ScriptedHost();
  host.chance = 0.5;
  const server = new ScriptedServer();
  const events = subscribe("http://hub.example/sse?stream=a&since=1", {
    host,
    fetch: server.fetch,
    ...options,
  });
  const got: string[] = [];
  events.addEventListener("message", ({ data }) => got.push(data));
  await settled();
  await server.last.open(`${hello("e-1")}data: 2\nid: e-2\n\n`);
  return { host, server, events, got };
}

Deno.test("setStreams() opens the new connection with the current id before it closes the old one", async () => {
  const { server, events, got } = await begin();
  const set = events.setStreams(["b", "c/d"]);
  await settled();
  const [old, next] = server.calls;
  assertEquals(next!.url.search, "?since=1&stream=b&stream=c%2Fd");
  assertEquals(next!.header("last-event-id"), "e-2");
  assertEquals(old!.isGone, false);
  await next!.open(`${hello("e-2")}data: 3\nid: e-3\n\n`);
  await set;
  assert(old!.isGone);
  assertEquals([got, events.state.name], [["2", "3"], "open"]);
  events.close();
});

Deno.test("setStreams() goes from a name to a pattern and back without a loss or a double", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 0 });
  const events = subscribe("http://hub.example/sse?stream=orders/1", {
    host: new ScriptedHost(),
    fetch: (url, init) =>
      Promise.resolve(hub.subscribe(new Request(url, init), { patterns: true })),
  });
  const got: string[] = [];
  events.addEventListener("message", ({ data }) => got.push(data));
  await settled();
  let count = 0;
  const publish = async () => {
    for (const name of ["orders/1", "orders/2"]) await hub.publish(name, `${name} ${++count}`);
    await settled();
  };
  await publish();
  for (const streams of [["orders/*"], ["orders/2"], ["*"]]) {
    const set = events.setStreams(streams);
    await publish();
    await set;
    await publish();
  }
  events.close();
  const [both, second] = [["1", "2"], ["2"]];
  // The pattern begins after the client's id, and so with what has come to the other stream since.
  const expected = [both, both, both, second, second, both, both];
  assertEquals(
    got,
    expected.flatMap((numbers, i) =>
      numbers.map((number) => `orders/${number} ${2 * i + Number(number)}`)
    ),
  );
});

Deno.test("what the old connection brings while the new one is opened does not come twice", async () => {
  const { server, events, got } = await begin();
  const set = events.setStreams(["a", "b"]);
  await settled();
  await server.calls[0]!.send("data: 3\nid: e-3\n\n");
  assertEquals(got, ["2"]);
  await server.calls[1]!.open(`${hello("e-2")}data: 3\nid: e-3\n\ndata: 4\nid: e-4\n\n`);
  await set;
  await settled();
  assertEquals(got, ["2", "3", "4"]);
  events.close();
});

Deno.test("setStreams() rejects if the streams are refused, and the old ones go on", async () => {
  const { server, events, got } = await begin();
  const refused = assertRejects(
    () => events.setStreams(["secret"]),
    Error,
    "Cannot subscribe: Not for you",
  );
  await settled();
  await server.calls[0]!.send("data: 3\nid: e-3\n\n");
  await server.calls[1]!.answer(403, { detail: "Not for you" });
  await refused;
  await settled();
  assertEquals([got, events.state.name], [["2", "3"], "open"]);
  await server.calls[0]!.send("data: 4\nid: e-4\n\n");
  assertEquals(got, ["2", "3", "4"]);
  events.close();
});

Deno.test("an old connection that breaks meanwhile leaves its place to the new one", async () => {
  const { server, events, got } = await begin();
  const set = events.setStreams(["b"]);
  await settled();
  await server.calls[0]!.fail();
  await server.calls[1]!.open(`${hello("e-2")}data: 3\nid: e-3\n\n`);
  await set;
  assertEquals([got, server.calls.length, events.state.name], [["2", "3"], 2, "open"]);
  events.close();
});

Deno.test("setStreams() without a connection counts from the next attempt on", async () => {
  const { server, events } = await begin();
  await server.last.fail();
  await events.setStreams(["b"]);
  await settled();
  assertEquals(server.last.url.search, "?since=1&stream=b");
  events.close();
});

Deno.test("setStreams() rejects once the subscription is over", async () => {
  const { events } = await begin();
  const waiting = events.setStreams(["b"]);
  const over = "Cannot set streams: ";
  const rejected = assertRejects(() => waiting, Error, over);
  events.close();
  await rejected;
  await assertRejects(() => events.setStreams(["c"]), Error, `${over}the subscription is over`);
});

Deno.test("setStreams() called twice ends with the streams of the second call", async () => {
  const { server, events, got } = await begin();
  const sets = [events.setStreams(["b"]), events.setStreams(["c"])];
  await (await server.call(2)).open(hello("e-2"));
  await (await server.call(3)).open(`${hello("e-2")}data: 3\nid: e-3\n\n`);
  await Promise.all(sets);
  assertEquals(server.calls.map(({ isGone }) => isGone), [true, true, false]);
  assertEquals([server.last.url.searchParams.getAll("stream"), got], [["c"], ["2", "3"]]);
  events.close();
});

Deno.test("an event that is being parsed when the streams are replaced comes once", async () => {
  let finish = (_: string) => {};
  const parse = (data: string) =>
    data === "3" ? new Promise<string>((resolve) => finish = resolve) : data;
  const { server, events, got } = await begin({ parse });
  await server.last.send("data: 3\nid: e-3\n\n");
  const set = events.setStreams(["a"]);
  await settled();
  finish("3");
  const next = await server.call(2);
  assertEquals(next.header("last-event-id"), "e-3");
  await next.open(hello("e-3"));
  await set;
  assertEquals(got, ["2", "3"]);
  events.close();
});
