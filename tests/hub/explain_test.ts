import { assert, assertEquals, assertLess, assertMatch, assertThrows } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import type { Explanation } from "../../lib/hub/explain.ts";
import type { HubOptions, SubscribeOptions } from "../../lib/hub/options.ts";
import type { SubscriberFilter } from "../../lib/hub/subscriber_filter.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { Client, subscription } from "../client.ts";
import { ListStore } from "../log/list_store.ts";
import { macrotask } from "../wait.ts";

/** A hub, one connection to it, and the answers to questions about that connection. */
class Scene implements AsyncDisposable {
  readonly hub: BroadcastHub;
  #client: Client | undefined;
  #id = "";

  constructor(options: HubOptions = {}) {
    this.hub = new BroadcastHub(options);
  }

  /** Connects, and reads on by itself unless the client is slow. */
  connect(query = "stream=x", options: SubscribeOptions & { lastEventId?: string } = {}): Client {
    const { lastEventId, ...others } = options;
    const response = this.hub.subscribe(subscription(query, lastEventId), others);
    this.#id = this.hub.subscribers().at(-1)!.id;
    return this.#client = new Client(response);
  }

  /** Publishes events of 50 kB, and returns their ids. */
  async publishLarge(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      ids.push((await this.hub.publish("x", "x".repeat(50_000))).id);
      await macrotask();
    }
    return ids;
  }

  async why(eventId: string): Promise<Explanation> {
    const explanation = await this.hub.explain(this.#id, eventId);
    assert(explanation !== undefined);
    assert(explanation.detail.length > 20 && !/undefined|NaN/.test(explanation.detail));
    return explanation;
  }

  /** Asks about a client, and returns the outcomes of its connections. */
  async outcomesOf(client: SubscriberFilter, eventId: string): Promise<string[]> {
    const { connections } = await this.hub.explainClient(client, eventId);
    return connections.map(({ outcome }) => outcome);
  }

  async outcome(eventId: string): Promise<string> {
    return (await this.why(eventId)).outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client?.leave();
    await this.hub.close();
  }
}

Deno.test("explain(): the event was sent, and when", async () => {
  await using scene = new Scene();
  scene.connect();
  const before = Date.now();
  const { id } = await scene.hub.publish("x", "1");
  const { outcome, stream, sentMs } = await scene.why(id);
  assertEquals([outcome, stream], ["sent", "x"]);
  // A busy machine may stop the process between the readings of its two clocks.
  assert(sentMs! >= before - 1_000 && sentMs! <= Date.now() + 1_000);
});

Deno.test("explain(): the event was sent on resuming, between the connection's begin and now", async () => {
  await using scene = new Scene();
  const { id: first } = await scene.hub.publish("x", "1");
  const { id } = await scene.hub.publish("x", "2");
  await new Promise((resolve) => setTimeout(resolve, 5));
  const client = scene.connect("stream=x", { lastEventId: first });
  await client.data(2);
  const { outcome, sentMs, detail, trace } = await scene.why(id);
  assertEquals([outcome, sentMs], ["sent", undefined]);
  assertMatch(detail, /^The event was sent between \S+Z and \S+Z?, while the client caught up$/);
  assertEquals([trace.decisions[0]!.lastEventId, trace.decisions[0]!.id], [first, first]);
  assertEquals(await scene.outcome(first), "before");
});

Deno.test("explain(): the event waits for a slow client, behind so many others", async () => {
  await using scene = new Scene();
  scene.connect();
  const ids = await scene.publishLarge(6);
  const { outcome, waitsFor } = await scene.why(ids.at(-1)!);
  assertEquals(outcome, "waiting");
  assert(waitsFor! > 0 && waitsFor! <= 6);
  const [opened, behind] = (await scene.why(ids[0]!)).trace.decisions;
  assertEquals([opened!.what, behind!.what], ["opened", "behind"]);
  assertEquals(await scene.outcome(ids[0]!), "sent");
});

Deno.test("explain(): the event was evicted before the client came back for it: a gap", async () => {
  await using scene = new Scene({ historyEvents: 2 });
  const ids: string[] = [];
  for (const data of ["1", "2", "3", "4", "5"]) ids.push((await scene.hub.publish("x", data)).id);
  const client = scene.connect("stream=x", { lastEventId: ids[0]! });
  await client.take(4);
  assertEquals(await Promise.all(ids.map((id) => scene.outcome(id))), [
    ...["before", "gap", "gap", "sent", "sent"],
  ]);
  assertMatch((await scene.why(ids[1]!)).detail, /no longer kept when it was due.* gap through/);
});

Deno.test("explain(): the event was evicted while the client was slow, and it was disconnected", async () => {
  await using scene = new Scene({ historyEvents: 2 });
  scene.connect();
  const ids = await scene.publishLarge(8);
  const { outcome, trace } = await scene.why(ids.at(-1)!);
  const ended = trace.decisions.at(-1)!;
  assertEquals([outcome, ended.what, ended.reason], ["after", "ended", "slow"]);
  assertEquals(await scene.outcome(ids[0]!), "unknown");
});

Deno.test("explain(): a newer event took the place of the event (policy latest)", async () => {
  await using scene = new Scene({ historyEvents: 2, slowSubscriber: "latest" });
  const client = scene.connect();
  const ids = await scene.publishLarge(8);
  while (scene.hub.stats().lagging > 0) await client.next();
  assertEquals([await scene.outcome(ids[5]!), await scene.outcome(ids[7]!)], ["skipped", "sent"]);
});

Deno.test("explain(): the client asked for events of another type", async () => {
  await using scene = new Scene();
  scene.connect("stream=x&event=price");
  const text = await scene.hub.publish("x", { data: "event: price" });
  const trade = await scene.hub.publish("x", { event: "trade", data: "1" });
  const price = await scene.hub.publish("x", { event: "price", data: "1" });
  assertEquals(await scene.outcome(price.id), "sent");
  assertEquals([await scene.outcome(text.id), await scene.outcome(trade.id)], [
    "filtered",
    "filtered",
  ]);
});

Deno.test("explain(): the event is of a stream to which the client does not subscribe", async () => {
  await using scene = new Scene();
  scene.connect();
  const { id } = await scene.hub.publish("y", "1");
  const { outcome, stream } = await scene.why(id);
  assertEquals([outcome, stream], ["other_stream", "y"]);
});

Deno.test("explain(): the client's permission ended before the event", async () => {
  await using scene = new Scene();
  const expired = scene.connect("stream=x", { expiresInMs: 1 });
  await expired.rest();
  const { id } = await scene.hub.publish("x", "1");
  assertEquals(await scene.outcome(id), "unauthorized");
  scene.connect("stream=x", { client: { subject: "ada" } });
  await scene.hub.disconnect({ subject: "ada" }, { denyUntil: Date.now() + 60_000 });
  const { id: later } = await scene.hub.publish("x", "1");
  assertMatch((await scene.why(later)).detail, /denied/);
});

Deno.test("explain(): the client came without an id, after the event", async () => {
  await using scene = new Scene();
  const { id } = await scene.hub.publish("x", "1");
  const { id: second } = await scene.hub.publish("x", "2");
  await scene.hub.publish("y", "3");
  scene.connect();
  assertMatch(
    (await scene.why(id)).detail,
    /older than the place .* the client came without an id/,
  );
  const client = scene.connect("stream=x&stream=y&since=1");
  await client.take(3);
  assertEquals([await scene.outcome(id), await scene.outcome(second)], ["before", "sent"]);
});

Deno.test("explain(): the client's own id meant nothing, and it got a reset", async () => {
  await using scene = new Scene();
  const { id } = await scene.hub.publish("x", "1");
  scene.connect("stream=x", { lastEventId: "other-7" });
  assertMatch((await scene.why(id)).detail, /"other-7" means nothing here, which a reset told it$/);
});

Deno.test("explain(): the client had left, and would get the event if it came back", async () => {
  await using scene = new Scene();
  const client = scene.connect();
  const { id: first } = await scene.hub.publish("x", "1");
  await client.leave();
  const { id } = await scene.hub.publish("x", "2");
  const { outcome, detail } = await scene.why(id);
  assertEquals(outcome, "after");
  assert(
    detail.includes(`(left), before the event; a client that reconnects with the id "${first}"`),
  );
  assertEquals(await scene.outcome(first), "sent");
});

Deno.test("explain(): the id is not of this log, not published yet, or no id", async () => {
  await using scene = new Scene();
  scene.connect();
  const { id } = await scene.hub.publish("x", "1");
  assertEquals(await scene.outcome("other-1"), "unknown");
  assertMatch((await scene.why("")).detail, /^An event of an ephemeral stream has no id/);
  assertEquals(await scene.outcome(id.replace(/1$/, "9")), "unpublished");
  assertEquals(await scene.hub.explain("no-connection", id), undefined);
});

Deno.test("explain(): the event is named by the key that its publisher gave it", async () => {
  await using scene = new Scene();
  scene.connect();
  const { id } = await scene.hub.publish("x", { data: "1", id: "order-7" });
  const { outcome, detail } = await scene.why("order-7");
  assertEquals(outcome, "sent");
  assert(detail.startsWith(`"order-7" is the key of the event "${id}". The event was sent at `));
  assertMatch((await scene.why("order-8")).detail, /no event in memory has it as its key/);
});

Deno.test("explain(): a sent event names the end of its connection", async () => {
  await using scene = new Scene();
  const client = scene.connect();
  const { id } = await scene.hub.publish("x", "1");
  await client.leave();
  assertMatch(
    (await scene.why(id)).detail,
    /^The event was sent at \S+; the connection ended at \S+ \(left\)$/,
  );
});

Deno.test("explain(): a sent event was perhaps not taken by a client that was too slow", async () => {
  await using scene = new Scene({ log: new SharedLog(new ListStore()), historyEvents: 2 });
  await scene.hub.ready;
  scene.connect();
  const ids = await scene.publishLarge(8);
  const { outcome, detail } = await scene.why(ids[0]!);
  assertEquals(outcome, "sent");
  assertMatch(detail, /\(slow\), before the client had taken everything that was sent$/);
});

Deno.test("explain(): the streams of the connection had ended before the event", async () => {
  await using scene = new Scene();
  const client = scene.connect();
  await scene.hub.publish("x", "1");
  await scene.hub.end("x");
  await client.rest();
  scene.hub.removeStream("x");
  const { id } = await scene.hub.publish("x", "2");
  const { outcome, detail } = await scene.why(id);
  assertEquals(outcome, "after");
  assertMatch(detail, /^The streams of the connection had ended by /);
});

Deno.test("explainClient() answers for each connection of a client, open ones first", async () => {
  await using scene = new Scene();
  const client = { subject: "ada", address: "192.0.2.7" };
  const first = scene.connect("stream=x", { client });
  const { id: sent } = await scene.hub.publish("x", "1");
  await first.leave();
  const { id: missed } = await scene.hub.publish("x", "2");
  scene.connect("stream=y", { client: { subject: "bob" } });
  scene.connect("stream=x", { client });
  assertEquals(await scene.outcomesOf({ subject: "ada" }, sent), ["before", "sent"]);
  assertEquals(await scene.outcomesOf({ address: "192.0.2.7" }, missed), ["before", "after"]);
  assertEquals(await scene.outcomesOf({ subject: "bob", stream: "y" }, sent), ["other_stream"]);
  assertEquals(await scene.outcomesOf({ subject: "eve" }, sent), []);
  const { stream, connections } = await scene.hub.explainClient({ stream: "x" }, sent);
  assertEquals([stream, connections.length], ["x", 2]);
  const [open] = connections;
  assertEquals(await scene.outcomesOf({ id: open!.trace.id }, sent), ["before"]);
  assertThrows(
    () => scene.hub.explainClient({}, sent),
    TypeError,
    "Cannot explain an event: name one of",
  );
});

Deno.test("explain(): an event that only the log still keeps is found there", async () => {
  await using scene = new Scene({ log: new SharedLog(new ListStore()), historyEvents: 1 });
  await scene.hub.ready;
  scene.connect();
  const { id } = await scene.hub.publish("x", { event: "price", data: "1" });
  const { id: other } = await scene.hub.publish("y", "2");
  for (const data of ["3", "4"]) {
    await scene.hub.publish("x", data);
    await scene.hub.publish("y", data);
  }
  assertEquals(await scene.outcome(id), "sent");
  assertEquals(await scene.outcome(other), "other_stream");
  assertLess(Date.now() - (await scene.why(id)).publishedMs!, 60_000);
});

Deno.test("trace(): has one pair of decisions for a client that is slow on and off", async () => {
  await using scene = new Scene();
  const client = scene.connect();
  const { id } = scene.hub.subscribers()[0]!;
  for (let i = 0; i < 40; i++) {
    await scene.publishLarge(3);
    while (scene.hub.stats().lagging > 0) await client.next();
  }
  const names = scene.hub.trace(id)!.decisions.map(({ what }) => what);
  assertEquals(names, ["opened", "behind", "current"]);
});

Deno.test("explain(): a pattern's subscriber, by the names that it covers", async () => {
  await using scene = new Scene();
  const client = scene.connect("stream=a/*&stream=x", { patterns: true });
  const names = ["a/1", "x", "a", "b/1", "a/eu/2"];
  const published = await Promise.all(names.map((name) => scene.hub.publish(name, "1")));
  const all = published.map(({ id }) => id);
  const outcomes = ["sent", "sent", "other_stream", "other_stream", "sent"];
  assertEquals(await Promise.all(all.map((id) => scene.outcome(id))), outcomes);
  const { detail, stream } = await scene.why(all[3]!);
  assertEquals(stream, "b/1");
  assertMatch(detail, /"b\/1", to which the connection does not subscribe.* "a\/\*", "x"$/);
  await client.leave();
  assertEquals(await Promise.all(all.map((id) => scene.outcome(id))), outcomes);
  const { id } = await scene.hub.publish("a/1", "2");
  assertEquals(await scene.outcome(id), "after");
});

Deno.test("explain(): a newcomer to a pattern got the newest event of each stream, and no older one", async () => {
  await using scene = new Scene({ replayEvents: 2 });
  const ids: string[] = [];
  for (const name of ["a/1", "a/2", "a/1", "a/2", "a/1", "a/2"]) {
    ids.push((await scene.hub.publish(name, "1")).id);
  }
  const outcomes = () => Promise.all(ids.map((id) => scene.outcome(id)));
  await scene.connect("stream=a/*&since=1", { patterns: true }).take(3);
  assertEquals(await outcomes(), ["before", "before", "before", "before", "sent", "sent"]);
  await scene.connect("stream=a/*", { patterns: true }).take(5);
  assertEquals(await outcomes(), ["before", "before", "sent", "sent", "sent", "sent"]);
  await scene.connect("stream=a/*&since=0", { patterns: true }).take(1);
  ids.push((await scene.hub.publish("a/3", "1")).id);
  assertEquals((await outcomes()).slice(4), ["before", "before", "sent"]);
});

Deno.test("explain(): a stream of a pattern was forgotten before the client came back: a gap", async () => {
  await using scene = new Scene({ log: new SharedLog(new ListStore()), historyEvents: 1 });
  await scene.hub.ready;
  const first = await scene.hub.publish("a/1", "1");
  const forgotten = await scene.hub.publish("a/2", "2");
  const kept = await scene.hub.publish("a/1", "3");
  scene.hub.removeStream("a/2");
  await scene.connect("stream=a/*", { patterns: true, lastEventId: first.id }).take(3);
  // Read in the log, which still has the event.
  assertEquals(await scene.outcome(forgotten.id), "sent");
  assertEquals(await scene.outcome(kept.id), "sent");
});

Deno.test("explain(): of many streams of a pattern, an event that is kept was not in their gap", async () => {
  await using scene = new Scene({ historyEvents: 1, slowSubscriber: "skip" });
  const { id: first } = await scene.hub.publish("b", "");
  const evicted: string[] = [];
  for (let i = 0; i < 50; i++) evicted.push((await scene.hub.publish(`a/${i}`, "1")).id);
  const { id: whole } = await scene.hub.publish("a/whole", "1");
  for (let i = 0; i < 50; i++) await scene.hub.publish(`a/${i}`, "2");
  const client = scene.connect("stream=a/*", { patterns: true, lastEventId: first });
  await client.take(102);
  const { decisions } = (await scene.why(whole)).trace;
  assertEquals(decisions.find(({ what }) => what === "gap")?.streams, ["a/*"]);
  assertEquals(await scene.outcome(whole), "sent");
  assertMatch((await scene.why(evicted[7]!)).detail, /if it was of "a\/\*"/);
});

Deno.test("explain(): of many streams of a pattern, a newer event took the place of some", async () => {
  await using scene = new Scene({ historyEvents: 2, slowSubscriber: "latest" });
  const { id: first } = await scene.hub.publish("b", "");
  const { id: whole } = await scene.hub.publish("a/whole", "1");
  const ids: string[] = [];
  for (const data of ["1", "2", "3"]) {
    for (let i = 0; i < 50; i++) ids.push((await scene.hub.publish(`a/${i}`, data)).id);
  }
  const client = scene.connect("stream=a/*", { patterns: true, lastEventId: first });
  await client.take(52);
  assertEquals(await scene.outcome(whole), "sent");
  assertEquals([await scene.outcome(ids[50]!), await scene.outcome(ids[149]!)], [
    "skipped",
    "sent",
  ]);
});
