import { assert, assertEquals, assertThrows } from "@std/assert";
import { sharing, subscribe, type Subscription, type TextEvents } from "../../lib/client/mod.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { microtasks, ScriptedHost } from "./scripted_host.ts";
import { until } from "../wait.ts";
import { TabWorld } from "./tab_world.ts";

/** Tabs of one origin, before a hub. */
class Origin implements AsyncDisposable {
  readonly host = new ScriptedHost(microtasks);
  readonly hub: BroadcastHub;
  readonly tabs = new TabWorld();
  readonly opened: { readonly events: Subscription<TextEvents>; readonly got: string[] }[] = [];
  /** How often each tab has connected. */
  readonly connects = new Map<number, number>();

  constructor(heartbeatMs = 0) {
    this.hub = new BroadcastHub({ heartbeatMs });
  }

  /** Opens a tab. */
  async open(query = "stream=news"): Promise<void> {
    const index = this.opened.length;
    const tab = { index };
    const events = subscribe(`http://hub.example/sse?${query}`, {
      host: this.host,
      page: this.host.page,
      share: sharing(this.tabs.optionsOf(tab)),
      fetch: (url, init) => {
        this.connects.set(index, (this.connects.get(index) ?? 0) + 1);
        return Promise.resolve(this.hub.subscribe(new Request(url, init), { patterns: true }));
      },
    });
    const got: string[] = [];
    events.addEventListener("message", ({ data }) => got.push(data));
    this.opened.push({ events, got });
    await this.host.pass(1_000);
  }

  async publish(...texts: string[]): Promise<void> {
    for (const text of texts) await this.hub.publish("news", text);
    await microtasks();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { events } of this.opened) events.close();
    await this.hub.close();
  }
}

Deno.test("five tabs share one connection, and each gets every event once", async () => {
  await using origin = new Origin();
  for (let i = 0; i < 5; i++) await origin.open();
  assertEquals(origin.hub.stats().subscribers, 1);
  await origin.publish("a", "b", "c");
  for (const { got, events } of origin.opened) {
    assertEquals([got, events.state.name], [["a", "b", "c"], "open"]);
  }
});

Deno.test("tabs share a pattern, and each gets every event of its streams once", async () => {
  await using origin = new Origin(10);
  await origin.hub.publish("orders/1", "a");
  await origin.open("stream=orders/*&since=1");
  await origin.hub.publish("orders/2", "b");
  await origin.open("stream=orders/*&since=1");
  for (const name of ["orders", "orders/eu/3", "others/1", "orders/1"]) {
    await origin.hub.publish(name, name);
  }
  await until(() => origin.hub.stats().subscribers === 1, () => "one connection");
  for (const { got } of origin.opened) assertEquals(got, ["a", "b", "orders/eu/3", "orders/1"]);
  origin.opened[0]!.events.close();
  await origin.host.pass(1_000);
  await origin.hub.publish("orders/4", "c");
  await until(() => origin.opened[1]!.got.at(-1) === "c", () => `${origin.opened[1]!.got}`);
});

Deno.test("a tab that comes in gets what its URL asks for, and then follows", async () => {
  await using origin = new Origin();
  await origin.open("stream=news&since=2");
  await origin.publish("a", "b", "c");
  await origin.open("stream=news&since=2");
  assertEquals(origin.opened[1]!.got, ["b", "c"]);
  await origin.publish("d");
  assertEquals(origin.opened.map(({ got }) => got.at(-1)), ["d", "d"]);
  assertEquals(origin.hub.stats().subscribers, 1);
});

Deno.test("the next tab goes on where all are when the leader is closed", async () => {
  await using origin = new Origin();
  for (let i = 0; i < 3; i++) await origin.open();
  await origin.publish("a");
  origin.opened[0]!.events.close();
  await origin.publish("b");
  await origin.host.pass(1_000);
  await origin.publish("c");
  assertEquals(origin.opened.map(({ got }) => got.join("")), ["a", "abc", "abc"]);
  assertEquals(origin.hub.stats().subscribers, 1);
});

Deno.test("tabs of other streams or keys have connections of their own", async () => {
  await using origin = new Origin();
  await origin.open("stream=news");
  await origin.open("stream=other");
  assertEquals(origin.hub.stats().subscribers, 2);
});

Deno.test("a tab follows the leader's state, with the reason and the time", async () => {
  await using origin = new Origin();
  for (let i = 0; i < 2; i++) await origin.open();
  await origin.hub.drain(0);
  await microtasks();
  const [first, second] = origin.opened.map(({ events }) => events.state);
  assert(first!.name === "waiting");
  assertEquals([second, first!.why.detail], [first, "draining"]);
});

Deno.test("a leader whose loop takes no events lets another tab lead", async () => {
  await using origin = new Origin();
  await origin.open();
  const slow = subscribe("http://hub.example/sse?stream=news", {
    host: origin.host,
    maxMessages: 1,
    share: sharing(origin.tabs.optionsOf({})),
    fetch: (url, init) => Promise.resolve(origin.hub.subscribe(new Request(url, init))),
  });
  const loop = slow[Symbol.asyncIterator]();
  await origin.host.pass(1_000);
  origin.opened[0]!.events.close(); // now the slow tab leads
  await origin.host.pass(1_000);
  await origin.open();
  await origin.publish("a", "b");
  await origin.host.pass(6_000);
  assertEquals(origin.opened[1]!.got, ["a", "b"]);
  await origin.publish("c");
  const read = [];
  for (let i = 0; i < 3; i++) read.push((await loop.next()).value?.data);
  assertEquals([origin.opened[1]!.got, read], [["a", "b", "c"], ["a", "b", "c"]]);
  slow.close();
});

Deno.test("a tab takes the lock from a leader that says nothing", async () => {
  await using origin = new Origin();
  const frozen = {};
  const held = origin.tabs.optionsOf(frozen).locks!
    .request("sse-hub  http://hub.example/sse?stream=news", {}, () => new Promise(() => {}))
    .catch((error: Error) => error.name);
  await origin.open();
  await origin.publish("a");
  assertEquals(origin.opened[0]!.got, ["a"]); // on a connection of its own
  await origin.host.pass(10_000);
  assertEquals(await held, "AbortError");
  await origin.open();
  await origin.publish("b");
  assertEquals([origin.opened[1]!.got, origin.hub.stats().subscribers], [["b"], 1]);
});

Deno.test("setStreams() takes a tab into another group, and its old group goes on", async () => {
  await using origin = new Origin();
  for (let i = 0; i < 2; i++) await origin.open();
  const set = origin.opened[0]!.events.setStreams(["other"]);
  await origin.host.pass(1_000);
  await set;
  await origin.host.pass(1_000);
  await origin.publish("a");
  await origin.hub.publish("other", "b");
  await microtasks();
  assertEquals(origin.opened.map(({ got }) => got.join("")), ["b", "a"]);
});

Deno.test("a page in the back/forward cache leaves the others, and comes back", async () => {
  await using origin = new Origin();
  await origin.open();
  await origin.host.fire("pagehide", { persisted: true });
  assertEquals([origin.tabs.holder, origin.hub.stats().subscribers], [undefined, 0]);
  await origin.publish("a");
  await origin.host.fire("pageshow", { persisted: true });
  await origin.host.pass(1_000);
  assertEquals(origin.opened[0]!.got, ["a"]);
});

Deno.test("sharing() needs a key where there are headers, params or a body", () => {
  for (const options of [{ headers: {} }, { params: {} }, { body: "x" }]) {
    const share = (key?: string) => () =>
      subscribe("http://hub.example/sse", {
        ...options,
        share: sharing(key === undefined ? {} : { key }),
      })
        .close();
    assertThrows(share(), TypeError, "needs a key that tells users apart");
    share("user 7")();
  }
});

Deno.test("without locks each tab connects by itself", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 0 });
  const host = new ScriptedHost(microtasks);
  Object.defineProperty(navigator, "locks", { value: undefined, configurable: true });
  const fetch = (url: URL, init: RequestInit) =>
    Promise.resolve(hub.subscribe(new Request(url, init)));
  const tabs = [1, 2].map(() =>
    subscribe("http://hub.example/sse?stream=a", { host, fetch, share: sharing() })
  );
  Reflect.deleteProperty(navigator, "locks");
  for (const tab of tabs) tab.addEventListener("message", () => {});
  await microtasks();
  assertEquals(hub.stats().subscribers, 2);
  for (const tab of tabs) tab.close();
});
