import { assertEquals } from "@std/assert";
import { idStore, subscribe } from "../../lib/client/mod.ts";
import { hello, ScriptedServer } from "./scripted_server.ts";
import { ScriptedHost, settled } from "./scripted_host.ts";

const URL_OF_NEWS = "http://hub.example/sse?stream=news";

/** Subscribes with a store, and lists what is written to it. */
async function begin(kept = new Map<string, string>(), begins = 1) {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const writes: string[] = [];
  const set = (key: string, id: string) => (writes.push(id), kept.set(key, id));
  const store = idStore({ get: (key) => kept.get(key), set });
  const options = { host, page: host.page, fetch: server.fetch, store };
  const events = subscribe(URL_OF_NEWS, options);
  if (begins === 1) events.addEventListener("message", () => {});
  await settled();
  return { host, server, events, writes, kept };
}

Deno.test("idStore() has a subscription go on where the last one was", async () => {
  const kept = new Map([[`last-event-id of ${URL_OF_NEWS}`, "e-7"]]);
  const { server, events } = await begin(kept);
  assertEquals(server.last.header("last-event-id"), "e-7");
  events.close();
});

Deno.test("an id is written at most once a second, and when the page is hidden or the subscription closed", async () => {
  const { host, server, events, writes } = await begin();
  await server.last.open(hello("e-1"));
  for (let i = 2; i <= 5; i++) await server.last.send(`data: a\nid: e-${i}\n\n`);
  assertEquals(writes, []);
  await host.pass(1_000);
  assertEquals(writes, ["e-5"]);
  await host.pass(5_000);
  await server.last.send("data: a\nid: e-6\n\n");
  await host.turn(true);
  assertEquals(writes, ["e-5", "e-6"]);
  await server.last.send("data: a\nid: e-7\n\n");
  await host.fire("pagehide", { persisted: false });
  assertEquals(writes, ["e-5", "e-6", "e-7"]);
  await server.last.send("data: a\nid: e-8\n\n");
  events.close();
  assertEquals(writes.at(-1), "e-8");
});

Deno.test("the id of a message in a loop is kept once the next message is asked for", async () => {
  const { host, server, events, writes } = await begin(new Map(), 0);
  const loop = events[Symbol.asyncIterator]();
  await settled();
  await server.last.open(`${hello("e-1")}data: a\nid: e-2\n\ndata: b\nid: e-3\n\n`);
  await loop.next();
  await host.pass(1_000);
  assertEquals(writes, ["e-1"]); // a reload now gets the first event again: it may not be done
  await loop.next();
  await host.pass(1_000);
  assertEquals(writes, ["e-1", "e-2"]);
  events.close();
});

Deno.test("a storage that fails costs the resuming after a reload, and nothing else", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const fail = () => {
    throw new DOMException("The quota has been exceeded");
  };
  const store = idStore({ getItem: fail, setItem: fail });
  const events = subscribe(URL_OF_NEWS, { host, fetch: server.fetch, store });
  const got: string[] = [];
  events.addEventListener("message", ({ data }) => got.push(data));
  await settled();
  await server.last.open("data: a\nid: 1\n\n");
  await host.pass(1_000);
  assertEquals(got, ["a"]);
  events.close();
});

Deno.test("a storage that does not answer is waited for five seconds", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const store = idStore({ get: () => new Promise(() => {}), set() {} });
  const events = subscribe(URL_OF_NEWS, { host, fetch: server.fetch, store });
  events.addEventListener("message", () => {});
  await host.pass(4_999);
  assertEquals(server.calls.length, 0);
  await host.pass(1);
  assertEquals(server.last.header("last-event-id"), null);
  events.close();
  assertEquals(host.timers, 0);
});
