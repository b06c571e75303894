import { assertEquals, assertThrows } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import type { HubOptions, SubscribeOptions } from "../../lib/hub/options.ts";
import { Client, subscription } from "../client.ts";

/** A hub, and a way to subscribe to patterns. */
function open(options: HubOptions = {}) {
  const hub = new BroadcastHub({ heartbeatMs: 0, now: () => 0, ...options });
  const watch = (query: string, lastEventId?: string, more: SubscribeOptions = {}) =>
    new Client(hub.subscribe(subscription(query, lastEventId), { patterns: true, ...more }));
  return { hub, watch };
}

Deno.test("BroadcastHub.subscribe() takes a pattern only with the option patterns", async () => {
  await using hub = new BroadcastHub();
  const refused = hub.subscribe(subscription("stream=orders/*"));
  assertEquals(refused.status, 400);
  const { detail } = await refused.json();
  assertEquals(detail, "Patterns such as orders/* are not enabled; name each stream");
  assertThrows(() => hub.subscribe(subscription(""), { streams: ["orders/*"] }), TypeError);
  const wrong = hub.subscribe(subscription("stream=orders*"), { patterns: true });
  assertEquals((await wrong.json()).detail, "A pattern must be * or a stream name and /*");
});

Deno.test("a pattern gets the events of the streams below its name, and no others", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  hub.publish("orders/0", "before");
  await using client = watch("stream=orders/*");
  for (const name of ["orders", "others/1", "orders/0", "orders/eu/1", "orders2/1", "orders/2"]) {
    hub.publish(name, name);
  }
  const [hello, ...events] = await client.take(4);
  assertEquals(hello?.event, "hello");
  assertEquals(events.map(({ data }) => data), ["orders/0", "orders/eu/1", "orders/2"]);
});

Deno.test("a pattern includes a stream from its first event on, in the hub's order with all others", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  await using client = watch("stream=b&stream=a/*");
  await hub.publish("a/1", "1");
  await hub.publish("b", "2");
  await hub.publish("a/2", "3");
  hub.publish("a/1", "4");
  hub.publish("a/3", "5");
  hub.publish("b", "6");
  assertEquals((await client.data(7)).slice(1), ["1", "2", "3", "4", "5", "6"]);
});

Deno.test("a name that a pattern covers is part of it, and its events come once", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  const seen: unknown[] = [];
  await using client = watch("stream=a/1&stream=a/*&stream=*");
  seen.push(hub.subscribers()[0]?.streams);
  hub.publish("a/1", "1");
  hub.publish("a/2", "2");
  assertEquals((await client.data(3)).slice(1), ["1", "2"]);
  assertEquals(seen, [["*"]]);
});

Deno.test("a client that resumes a pattern gets exactly the events after its id", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  const ids: string[] = [];
  for (let i = 0; i < 20; i++) ids.push((await hub.publish(`a/${i % 7}`, `${i}`)).id);
  for (const [i, id] of ids.entries()) {
    await using client = watch("stream=a/*", id);
    hub.publish("b", "not its");
    const expected = Array.from({ length: 19 - i }, (_, j) => `${i + 1 + j}`);
    assertEquals((await client.data(20 - i)).slice(1), expected);
  }
});

Deno.test("since=1 on a pattern gives the newest event of each stream, then new events", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  for (const name of ["a/1", "a/2", "a/3", "a/1"]) hub.publish(name, `${name} old`);
  hub.publish("a/2", "a/2 new");
  await using client = watch("stream=a/*&since=1");
  hub.publish("a/4", "a/4 first");
  const events = (await client.data(5)).slice(1);
  assertEquals(events, ["a/3 old", "a/1 old", "a/2 new", "a/4 first"]);
});

Deno.test("a client of a pattern that was away gets the newest event of each stream with latest, and no gap", async () => {
  const { hub, watch } = open({ slowSubscriber: "latest", historyEvents: 1 });
  await using _ = hub;
  const { id } = await hub.publish("a/1", "old");
  for (let i = 0; i < 30; i++) hub.publish(`a/${i % 3}`, `${i}`);
  await using client = watch("stream=a/*", id);
  assertEquals((await client.data(4)).slice(1), ["27", "28", "29"]);
});

Deno.test("a client of a pattern gets a gap that names the streams with missing events", async () => {
  const { hub, watch } = open({ slowSubscriber: "skip", historyEvents: 1 });
  await using _ = hub;
  const { id } = await hub.publish("a/1", "1");
  for (const data of ["2", "3"]) hub.publish("a/2", data);
  await hub.publish("a/3", "4");
  await using client = watch("stream=a/*", id);
  const [, gap, ...events] = await client.take(4);
  assertEquals([gap?.event, gap?.data], ["gap", '{"streams":["a/2"]}']);
  assertEquals(events.map(({ data }) => data), ["3", "4"]);
});

Deno.test("a gap names the pattern if a stream was forgotten, and comes before the events of a new one", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  const { id } = await hub.publish("a/1", "1");
  hub.publish("a/2", "2");
  hub.publish("a/3", "3");
  hub.removeStream("a/2");
  hub.publish("a/2", "4");
  await using client = watch("stream=a/*", id);
  const [, gap, ...events] = await client.take(4);
  assertEquals([gap?.event, gap?.data], ["gap", '{"streams":["a/*"]}']);
  assertEquals(events.map(({ data }) => data), ["3", "4"]);
});

Deno.test("a gap that goes on beyond another one has no id, so that a client that is cut off gets it again", async () => {
  const { hub, watch } = open({ slowSubscriber: "skip", historyEvents: 1 });
  await using _ = hub;
  const { id: first } = await hub.publish("b", "");
  const { id: evicted } = await hub.publish("a/1", "1");
  hub.publish("a/1", "2");
  hub.publish("a/2", "3");
  hub.removeStream("a/2");
  for (const from of [first, evicted]) {
    await using client = watch("stream=a/*", from);
    const [hello, ...events] = await client.take(from === first ? 4 : 3);
    const told = [["gap", '{"streams":["a/*"]}', from], ["gap", '{"streams":["a/1"]}', evicted]];
    const gaps = from === first ? told : told.slice(0, 1);
    assertEquals(
      events.slice(0, -1).map(({ event, data, lastEventId }) => [event, data, lastEventId]),
      gaps,
    );
    assertEquals([hello?.lastEventId, events.at(-1)?.data], [from, "2"]);
  }
});

Deno.test("a current client of a pattern gets no gap when streams are forgotten and created", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  await using client = watch("stream=a/*");
  await client.next();
  for (const data of ["1", "2", "3"]) {
    hub.publish("b", "not its");
    hub.removeStream("b");
    hub.publish("a/1", data);
    assertEquals(await client.data(1), [data]);
    hub.removeStream("a/1");
  }
});

Deno.test("a subscription to a pattern goes on when its streams have ended or are removed", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  await using client = watch("stream=a/*");
  await using silent = watch("stream=c/*&control=none");
  await hub.publish("a/1", "1");
  await hub.end("a/1");
  hub.removeStream("a/1");
  await hub.publish("a/1", "2");
  await hub.publish("c/1", "3");
  assertEquals((await client.data(3)).slice(1), ["1", "2"]);
  assertEquals(await silent.data(1), ["3"]);
});

Deno.test("every mode holds for a pattern", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  hub.publish("a/1", { event: "x", data: "1" });
  hub.publish("a/2", { event: "y", data: "2" });
  await using client = watch("stream=a/*&since=1&format=json&event=y&event=message");
  hub.publish("a/3", "3");
  const events = (await client.data(3)).slice(1).map((data) => JSON.parse(data));
  assertEquals(events, [
    { stream: "a/2", event: "y", data: "2" },
    { stream: "a/3", event: "message", data: "3" },
  ]);
  const response = hub.subscribe(subscription("stream=a/*&since=1&control=none&label=stream"), {
    patterns: true,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await reader.read()).value, "retry: 2000\n");
  assertEquals(((await reader.read()).value ?? "").match(/stream: .+/g)?.length, 3);
  await reader.cancel();
});

Deno.test("a stream counts the subscribers of its patterns", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  {
    await using _all = watch("stream=*");
    await using _folder = watch("stream=a/*");
    await using _name = watch("stream=a/1");
    assertEquals((await hub.publish("a/1", "")).subscribers, 3);
    assertEquals((await hub.publish("b", "")).subscribers, 1);
  }
  assertEquals(hub.stream("a/1")?.subscribers, 0);
});

Deno.test("a pattern without subscribers is kept for a minute and then built anew, with the same events", async () => {
  let nowMs = 0;
  const { hub, watch } = open({ now: () => nowMs });
  await using _ = hub;
  const { id } = await hub.publish("a/1", "1");
  for (const atMs of [0, 59_000, 200_000]) {
    nowMs = atMs;
    hub.expire();
    await using client = watch("stream=a/*", id);
    hub.publish(`a/${atMs}`, `${atMs}`);
    assertEquals((await client.data(2)).at(1), "0");
  }
});

Deno.test("a filter by a stream means the subscribers of its patterns too", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  await using all = watch("stream=*");
  await using folder = watch("stream=a/*");
  await using other = watch("stream=b/*");
  await using name = watch("stream=a/1");
  const streams = (stream: string) => hub.subscribers({ stream }).map(({ streams }) => streams[0]);
  assertEquals(streams("a/1"), ["*", "a/*", "a/1"]);
  assertEquals(streams("a/*"), ["*", "a/*"]);
  assertEquals(streams("a"), ["*"]);
  assertEquals(await hub.disconnect({ stream: "a/2" }), 2);
  const goaways = await Promise.all([all, folder].map((client) => client.rest()));
  for (const events of goaways) assertEquals(events.at(-1)?.event, "goaway");
  hub.publish("a/1", "1");
  hub.publish("b/1", "2");
  assertEquals([(await name.data(2))[1], (await other.data(2))[1]], ["1", "2"]);
});

Deno.test("streams are sorted by all their subscribers, also those of patterns", async () => {
  const { hub, watch } = open();
  await using _ = hub;
  for (const name of ["a/1", "b"]) hub.publish(name, "");
  await using _all = watch("stream=a/*");
  const sorted = hub.streams({ sort: "subscribers" });
  assertEquals(sorted.map(({ name, subscribers }) => [name, subscribers]), [["a/1", 1], ["b", 0]]);
});
