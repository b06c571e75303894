import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { StreamListOptions } from "../../lib/hub/stats.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import { MemoryLog } from "../../lib/log/memory.ts";
import type { ConnectionEnd } from "../../lib/wire/event_response.ts";
import { lacks, Program } from "../program.ts";
import { Client, subscription } from "../client.ts";
import { macrotask, until } from "../wait.ts";

/** The last event of a hub with its log in memory that drains or is closed. */
const SENT_AWAY = /event: goaway\nretry: (?:[5-9]|1[0-4])\d{3}\ndata: \{"reason":"draining"\}\n\n$/;

Deno.test("BroadcastHub.publish() reaches every subscriber of the stream, and nobody else", async () => {
  await using hub = new BroadcastHub();
  await using a1 = new Client(hub.subscribe(subscription("stream=a")));
  await using a2 = new Client(hub.subscribe(subscription("stream=a")));
  await using b = new Client(hub.subscribe(subscription("stream=b")));
  assertEquals((await hub.publish("a", { data: "for a" })).subscribers, 2);
  assertEquals((await hub.publish("b", { data: "for b" })).subscribers, 1);
  for (const [client, data] of [[a1, "for a"], [a2, "for a"], [b, "for b"]] as const) {
    await client.next();
    assertEquals((await client.next())?.data, data);
  }
});

Deno.test("BroadcastHub.subscribe() writes hello, an event with its fields in order, and ended", async () => {
  await using hub = new BroadcastHub({ retryMs: 50 });
  const response = hub.subscribe(subscription("stream=a"));
  const { id } = await hub.publish("a", { event: "e", data: "x\ny", comment: "c", retry: 9 });
  await hub.end("a");
  const epoch = id.split("-")[0];
  assertEquals(
    await response.text(),
    `retry: 50\nevent: hello\ndata: {"heartbeatSeconds":15}\nid: ${epoch}-0\n\n` +
      `: c\nevent: e\nretry: 9\ndata: x\ndata: y\nid: ${epoch}-1\n\n` +
      `event: ended\nretry: 60000\ndata: {"streams":["a"]}\nid: ${epoch}-2\n\n`,
  );
});

Deno.test("BroadcastHub.publish() delivers empty lines, leading spaces and look-alikes of fields unchanged", async () => {
  const rows = ["", " x", "  ", ": no comment", "data: y", "a\nid: 9\n\nb", "\n", "ends\n", "é😀"];
  await using hub = new BroadcastHub();
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  for (const data of rows) hub.publish("a", { data });
  await client.next();
  assertEquals(await client.data(rows.length), rows);
});

Deno.test("BroadcastHub.publish() delivers 10 MB in one line, and 200 000 lines, in full", async () => {
  await using hub = new BroadcastHub();
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  const long = "x".repeat(10_000_000);
  const lines = "y\n".repeat(200_000);
  await client.next();
  hub.publish("a", [{ data: long }, { data: lines }]);
  assert((await client.next())?.data === long);
  assert((await client.next())?.data === lines);
});

Deno.test("BroadcastHub.publish() sends a batch as one chunk, which all subscribers share", async () => {
  await using hub = new BroadcastHub();
  const readers = ["stream=a", "stream=a"].map((query) =>
    hub.subscribe(subscription(query)).body!.getReader()
  );
  for (const reader of readers) await reader.read();
  const reads = readers.map((reader) => reader.read());
  hub.publish("a", [{ data: "1" }, { data: "2" }]);
  hub.publish("a", { data: "3" });
  const [one, two] = await Promise.all(reads);
  assert(one!.value === two!.value, "each got a chunk of its own");
  assertEquals(new TextDecoder().decode(one!.value).match(/data: ./g)?.length, 3);
  for (const reader of readers) await reader.cancel();
});

Deno.test("BroadcastHub.publish() of an invalid batch publishes no event and creates no stream", async () => {
  await using hub = new BroadcastHub();
  const batch = [{ data: "good" }, { data: "bad", event: "a\nb" }];
  assertThrows(() => hub.publish("a", batch), TypeError, "must not contain CR or LF");
  assertThrows(() => hub.publish("a", []), TypeError, "the batch is empty");
  assertEquals(hub.hasStream("a"), false);
  assertEquals(hub.stats().published, 0);
});

Deno.test("BroadcastHub.publish() throws for an event or a stream name that can't be published", async () => {
  await using hub = new BroadcastHub();
  const refused = [
    {},
    { id: "1" },
    { event: "x" },
    { data: "", event: "hello" },
    {
      data: "",
      event: "gap",
    },
    { data: "", event: "reset" },
    { data: "", event: "ended" },
    { data: "", event: "goaway" },
    { data: "", event: "expired" },
    { data: "", event: "open" },
    {
      data: "",
      event: "error",
    },
  ];
  for (const event of refused) assertThrows(() => hub.publish("a", event), TypeError);
  assertThrows(() => hub.publish("a", { data: "", retry: -1 }), RangeError);
  for (const name of ["", "a b", "../a", ".", "a//b", "/a", "a/", "a\n", "é", "x".repeat(129)]) {
    assertThrows(() => hub.publish(name, { data: "" }), TypeError, "Cannot use stream name");
  }
});

Deno.test("BroadcastHub.publish() numbers the events of all streams in one sequence", async () => {
  await using hub = new BroadcastHub();
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push((await hub.publish(`s${i}`, { data: "" })).id);
  assertEquals(ids.map((id) => id.split("-")[1]), ["1", "2", "3"]);
  assertMatch(ids[0]!, /^[0-9a-z]+-1$/);
});

Deno.test("BroadcastHub.publish() sends a second event with a key only after the first event is evicted", async () => {
  await using hub = new BroadcastHub({ historyEvents: 2 });
  await using client = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  await client.next();
  const first = await hub.publish("a", { id: "key", data: "1" });
  assertEquals(await hub.publish("a", { id: "key", data: "double" }), first);
  assertEquals(await client.data(1), ["1"]);
  await hub.publish("b", { id: "key", data: "other stream" });
  await hub.publish("a", [{ id: "k2", data: "2" }, { id: "k2", data: "double" }, { data: "3" }]);
  await hub.publish("a", { id: "key", data: "the first is gone" });
  assertEquals(await client.data(4), ["other stream", "2", "3", "the first is gone"]);
});

Deno.test("BroadcastHub.publish() takes a string as an event's data, also in a batch", async () => {
  await using hub = new BroadcastHub();
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  await client.next();
  await hub.publish("a", "one\ntwo");
  await hub.publish("a", ["", { event: "price", data: "1.08" }]);
  const events = (await client.take(3)).map(({ event, data }) => [event, data]);
  assertEquals(events, [["message", "one\ntwo"], ["message", ""], ["price", "1.08"]]);
});

Deno.test("BroadcastHub carries names with : and @ in requests, lists and events", async () => {
  await using hub = new BroadcastHub();
  const names = ["mailto:ann@example.com", "tenant:7/user:9", "@"];
  for (const name of names) await hub.publish(name, { id: "key", data: name });
  assertEquals(hub.streams().map(({ name }) => name), ["@", names[0]!, names[1]!]);
  const query = names.map((name) => `stream=${name}`).join("&");
  await using client = new Client(hub.subscribe(subscription(`${query}&since=earliest`)));
  await client.next();
  assertEquals(await client.data(3), names);
});

Deno.test({
  name: "BroadcastHub does not keep a script alive that has published and is done",
  ignore: await lacks("run", "read"),
  async fn() {
    const script = `
      import { BroadcastHub } from ${JSON.stringify(import.meta.resolve("../../lib/mod.ts"))};
      const hub = new BroadcastHub();
      hub.createStream("a");
      console.log((await hub.publish("a", "done")).stream);
    `;
    await using program = new Program(Deno.execPath(), { args: ["eval", "--no-check", script] });
    assertEquals([await program.exitCode(), program.stdout.all], [0, ["a"]]);
  },
});

Deno.test("BroadcastHub holds no timer once it is disposed, even with an open subscription", async () => {
  // The test's sanitizers would report a timer that still runs.
  await using hub = new BroadcastHub();
  await hub.publish("a", "1");
  const response = hub.subscribe(subscription("stream=a"));
  assertEquals(hub.stats().subscribers, 1);
  await hub.close();
  assertEquals([hub.stats().subscribers, response.bodyUsed], [0, false]);
});

Deno.test("BroadcastHub gives two subscribers of several streams the same order", async () => {
  await using hub = new BroadcastHub();
  await using one = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  await using two = new Client(hub.subscribe(subscription("stream=b&stream=a&stream=a")));
  const published: string[] = [];
  for (let i = 0; i < 200; i++) {
    hub.publish(i % 3 === 0 ? "a" : "b", { data: `${i}` });
    published.push(`${i}`);
    if (i % 7 === 0) await Promise.resolve();
  }
  for (const client of [one, two]) {
    await client.next();
    assertEquals(await client.data(200), published);
  }
});

Deno.test("BroadcastHub delivers a turn larger than the history in full to current subscribers", async () => {
  await using hub = new BroadcastHub({ historyEvents: 10, historyBytes: 1_000 });
  await using before = new Client(hub.subscribe(subscription("stream=a")));
  await before.next();
  await using fresh = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  for (let i = 0; i < 5_000; i++) hub.publish("a", { data: `${i} ${"x".repeat(90)}` });
  await fresh.next();
  for (const client of [before, fresh]) {
    const data = await client.data(5_000);
    assert(data.every((text, i) => text.startsWith(`${i} `)));
  }
});

/** Publishes to stream `a` until events are evicted that a subscriber without a read still needs. */
async function overtake(hub: BroadcastHub, last: number): Promise<void> {
  for (let i = 1; i <= last; i++) await hub.publish("a", { data: `${i}` });
}

Deno.test("BroadcastHub with policy disconnect ends a subscriber whose next events are evicted", async () => {
  const ends: ConnectionEnd[] = [];
  await using hub = new BroadcastHub({
    historyEvents: 3,
    onUnsubscribe: (_, end) => ends.push(end),
  });
  const response = hub.subscribe(subscription("stream=a"));
  await overtake(hub, 10);
  const events = await new Client(response).rest();
  assertEquals(events.map(({ event }) => event), ["hello", "message", "goaway"]);
  assertEquals(ends.map(({ reason }) => reason), ["slow"]);
  assertEquals(hub.stats().ended.slow, 1);
});

Deno.test("BroadcastHub with policy skip sends a gap and continues with the oldest kept event", async () => {
  await using hub = new BroadcastHub({ historyEvents: 3, slowSubscriber: "skip" });
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  await overtake(hub, 10);
  const [hello, ...events] = await client.take(6);
  const epoch = hello!.lastEventId.split("-")[0];
  assertEquals(events.slice(0, 1).map(({ data }) => data), ["1"]);
  assertEquals(events[1], { event: "gap", data: '{"streams":["a"]}', lastEventId: `${epoch}-7` });
  assertEquals(events.slice(2).map(({ data }) => data), ["8", "9", "10"]);
});

Deno.test("BroadcastHub with policy latest continues with the newest event, without a gap", async () => {
  await using hub = new BroadcastHub({ historyEvents: 3, slowSubscriber: "latest" });
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  await overtake(hub, 10);
  await client.next();
  assertEquals(await client.data(2), ["1", "10"]);
});

Deno.test("BroadcastHub lets disconnect win on a connection with several streams", async () => {
  await using hub = new BroadcastHub({ historyEvents: 3 });
  hub.createStream("a", { slowSubscriber: "skip" });
  const response = hub.subscribe(subscription("stream=a&stream=b"));
  await overtake(hub, 10);
  for (let i = 0; i < 5; i++) await hub.publish("b", { data: "b" });
  const events = await new Client(response).rest();
  assertEquals(events.map(({ event }) => event), ["hello", "message", "goaway"]);
});

Deno.test("BroadcastHub gives ephemeral events no ids, and sends a slow subscriber the newest event", async () => {
  await using hub = new BroadcastHub();
  hub.createStream("a", { ephemeral: true });
  await using client = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  assertEquals((await hub.publish("a", { id: "mine", data: "0" })).id, "");
  await overtake(hub, 10);
  const { id } = await hub.publish("b", { data: "b" });
  const [hello, ...events] = await client.take(4);
  const { lastEventId } = hello!;
  assertEquals(events, [
    { event: "message", data: "0", lastEventId },
    { event: "message", data: "10", lastEventId },
    { event: "message", data: "b", lastEventId: id },
  ]);
});

Deno.test("BroadcastHub delivers everything to 49 subscribers while a fiftieth never reads", async () => {
  await using hub = new BroadcastHub({ historyEvents: 100 });
  const stalled = hub.subscribe(subscription("stream=a"));
  const clients = Array.from(
    { length: 49 },
    () => new Client(hub.subscribe(subscription("stream=a"))),
  );
  const expected = Array.from({ length: 300 }, (_, i) => `${i} ${"x".repeat(8_000)}`);
  const reading = clients.map((client) => client.data(1 + expected.length));
  for (const data of expected) {
    hub.publish("a", { data });
    await macrotask();
  }
  for (const data of await Promise.all(reading)) assertEquals(data.slice(1), expected);
  const { subscribers, ended, historyBytes } = hub.stats();
  assertEquals({ subscribers, slow: ended.slow }, { subscribers: 49, slow: 1 });
  assert(historyBytes < 1_048_576);
  for (const client of clients) await client.leave();
  await stalled.body!.cancel();
});

Deno.test("BroadcastHub keeps no subscriber, stream or timer after 1 000 subscribers came and left", async () => {
  await using hub = new BroadcastHub();
  for (let i = 0; i < 1_000; i++) {
    const response = hub.subscribe(subscription(`stream=s${i % 10}&stream=t${i}`));
    await response.body!.cancel();
  }
  const { subscribers, streams, ended } = hub.stats();
  assertEquals({ subscribers, streams, left: ended.left }, {
    subscribers: 0,
    streams: 0,
    left: 1_000,
  });
});

Deno.test("BroadcastHub.subscribe() refuses a request that can never work", async () => {
  await using hub = new BroadcastHub();
  const many = Array.from({ length: 33 }, (_, i) => `stream=s${i}`).join("&");
  for (const query of ["", "stream=", "stream=a b", "stream=..", many, "stream=a&since=x"]) {
    const response = hub.subscribe(subscription(query));
    assertEquals([response.status, query], [400, query]);
    assertEquals(response.headers.get("content-type"), "application/problem+json");
    assertEquals((await response.json()).title, "Bad Request");
  }
  const post = hub.subscribe(new Request("http://localhost/?stream=a", { method: "POST" }));
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  await post.body!.cancel();
});

Deno.test("BroadcastHub.subscribe() answers a HEAD request without a subscription", async () => {
  await using hub = new BroadcastHub();
  const response = hub.subscribe(new Request("http://localhost/?stream=a", { method: "HEAD" }));
  assertEquals([response.status, response.body], [200, null]);
  assertEquals(hub.stats().subscribers, 0);
});

Deno.test("BroadcastHub.subscribe() takes the application's streams rather than the query's", async () => {
  await using hub = new BroadcastHub();
  const request = subscription("stream=asked-for");
  await using client = new Client(hub.subscribe(request, { streams: ["given"] }));
  hub.publish("asked-for", { data: "no" });
  hub.publish("given", { data: "yes" });
  await client.next();
  assertEquals(await client.data(1), ["yes"]);
  assertThrows(() => hub.subscribe(request, { streams: ["a b"] }), TypeError);
});

Deno.test("BroadcastHub.createStream() creates a stream once, and later changes its options", async () => {
  await using hub = new BroadcastHub();
  hub.createStream("a");
  hub.createStream("a", { historyEvents: 2 });
  for (const data of ["1", "2", "3"]) await hub.publish("a", { data });
  assertEquals(hub.streams().map(({ name, events }) => [name, events]), [["a", 2]]);
  assertThrows(
    () => hub.createStream("a", { ephemeral: true }),
    TypeError,
    "once it has had events",
  );
  assertThrows(() => hub.createStream("b", { historyEvents: 0 }), RangeError, "historyEvents");
  assertEquals(hub.hasStream("b"), false);
});

Deno.test("BroadcastHub.stream() tells every option, and which of them createStream() was given", async () => {
  await using hub = new BroadcastHub({ historyEvents: 7 });
  await hub.publish("a", "1");
  const byHub = {
    ephemeral: false,
    slowSubscriber: "disconnect" as const,
    historyEvents: 7,
    historyBytes: 1_048_576,
    historyMs: 3_600_000,
    replayEvents: 0,
  };
  assertEquals([hub.stream("a")!.options, hub.stream("a")!.ownOptions], [byHub, {}]);
  hub.createStream("a", { replayEvents: 1 });
  hub.createStream("a", { historyEvents: 2 });
  const { options, ownOptions } = hub.stream("a")!;
  assertEquals(options, { ...byHub, replayEvents: 1, historyEvents: 2 });
  assertEquals(ownOptions, { replayEvents: 1, historyEvents: 2 });
  hub.removeStream("a");
  hub.createStream("a", { ephemeral: true });
  assertEquals(hub.stream("a")!.ownOptions, { ephemeral: true });
  const { slowSubscriber, historyEvents } = hub.stream("a")!.options;
  assertEquals([slowSubscriber, historyEvents], ["latest", 1]);
});

Deno.test("BroadcastHub.streams() describes every stream, in the order of their names", async () => {
  await using hub = new BroadcastHub();
  hub.createStream("empty");
  const first = await hub.publish("a/b", { data: "1" });
  const last = await hub.publish("a/b", { data: "2" });
  await using _client = new Client(hub.subscribe(subscription("stream=a/b")));
  const bytes = 2 * `data: 1\nid: ${first.id}\n\n`.length;
  const rest = { rate: 0, isEnded: false, isEphemeral: false };
  assertEquals(hub.streams(), [
    {
      name: "a/b",
      subscribers: 1,
      published: 2,
      events: 2,
      bytes,
      firstId: first.id,
      lastId: last.id,
      ...rest,
    },
    {
      name: "empty",
      subscribers: 0,
      published: 0,
      events: 0,
      bytes: 0,
      firstId: "",
      lastId: "",
      ...rest,
    },
  ]);
});

Deno.test("BroadcastHub.streams() lists at most `limit` streams whose names come after a name", async () => {
  await using hub = new BroadcastHub();
  for (const name of ["d", "b", "a", "c"]) hub.createStream(name);
  hub.removeStream("b");
  await using _client = new Client(hub.subscribe(subscription("stream=aa")));
  const names = (options: StreamListOptions) => hub.streams(options).map(({ name }) => name);
  assertEquals(names({}), ["a", "c", "d"]);
  assertEquals(names({ after: "a", limit: 1 }), ["c"]);
  assertEquals(names({ after: "b" }), ["c", "d"]);
  assertEquals(names({ limit: 0 }), []);
  assertThrows(() => hub.streams({ limit: -1 }), RangeError);
});

Deno.test("BroadcastHub counts a subscriber in each of its streams, until it leaves", async () => {
  await using hub = new BroadcastHub();
  for (const name of ["a", "b"]) hub.createStream(name);
  const counts = () => hub.streams().map(({ subscribers }) => subscribers);
  const one = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  const other = new Client(hub.subscribe(subscription("stream=b")));
  assertEquals(counts(), [1, 2]);
  assertEquals(hub.subscribers().map(({ streams }) => streams), [["a", "b"], ["b"]]);
  assertEquals(hub.subscribers({ limit: 1 }).map(({ streams }) => streams), [["a", "b"]]);
  for (const client of [one, one, other]) await client.leave();
  assertEquals([counts(), hub.subscribers()], [[0, 0], []]);
});

Deno.test("BroadcastHub.removeStream() ends the subscribers that have no other stream", async () => {
  await using hub = new BroadcastHub();
  await hub.publish("a", { data: "1" });
  await using alone = new Client(hub.subscribe(subscription("stream=a")));
  await using both = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  assertEquals(hub.removeStream("a"), true);
  assertEquals(hub.removeStream("a"), false);
  assertEquals((await alone.rest()).map(({ data }) => data).slice(1), ['{"reason":"removed"}']);
  await hub.publish("a", { data: "again" });
  await both.next();
  assertEquals(await both.data(1), ["again"]);
  assertEquals(hub.stats().ended.closed, 1);
});

Deno.test("BroadcastHub calls its hooks once for each subscriber, with its streams and context", async () => {
  const calls: unknown[] = [];
  await using hub = new BroadcastHub({
    onSubscribe: (subscription, request) => calls.push(["subscribe", subscription, request]),
    onUnsubscribe: (subscription, { reason }) => calls.push(["unsubscribe", subscription, reason]),
  });
  const onEnd = ({ reason }: ConnectionEnd) => calls.push(["end", reason]);
  const request = subscription("stream=b&stream=a");
  const response = hub.subscribe(request, { onEnd, context: "user 7" });
  assertEquals(hub.subscribers().map(({ context }) => context), ["user 7"]);
  const [{ id } = { id: "" }] = hub.subscribers();
  await response.body!.cancel();
  const expected = { id, streams: ["a", "b"], context: "user 7" };
  assertEquals(calls, [
    ["subscribe", expected, request],
    ["end", "left"],
    ["unsubscribe", expected, "left"],
  ]);
});

Deno.test("BroadcastHub delivers an event that a hook publishes, in the hub's order", async () => {
  await using hub = new BroadcastHub({
    onSubscribe: () => void hub.publish("a", { data: "welcome" }),
    onUnsubscribe: () => void hub.publish("a", { data: "farewell" }),
  });
  await using stays = new Client(hub.subscribe(subscription("stream=a")));
  await hub.subscribe(subscription("stream=a")).body!.cancel();
  await hub.publish("a", { data: "after" });
  await stays.next();
  assertEquals(await stays.data(4), ["welcome", "welcome", "farewell", "after"]);
});

Deno.test("BroadcastHub passes an error of a hook to onError, and goes on", async () => {
  const errors: unknown[] = [];
  const fail = () => {
    throw new Error("hook");
  };
  await using hub = new BroadcastHub({
    onSubscribe: fail,
    onUnsubscribe: fail,
    onError: (error) => errors.push(error),
  });
  assertMatch(await hub.subscribe(subscription("stream=a")).text(), /^retry/);
  assertEquals(errors.map(String), ["Error: hook", "Error: hook"]);
  assertEquals(hub.stats().subscribers, 0);
});

Deno.test("BroadcastHub.close() ends every subscriber, then refuses publishers and asks clients to reconnect later", async () => {
  const hub = new BroadcastHub();
  const client = new Client(hub.subscribe(subscription("stream=a")));
  hub.publish("a", { data: "last" });
  await Promise.all([hub.close(), hub.close()]);
  assertEquals((await client.rest()).map(({ data }) => data).slice(1), [
    "last",
    '{"reason":"draining"}',
  ]);
  for (
    const [action, refused] of [
      ["publish", () => hub.publish("a", { data: "x" })],
      ["end stream", () => hub.end("a")],
      ["create stream", () => hub.createStream("a")],
    ] as const
  ) {
    const error = assertThrows(refused, HubError, `Cannot ${action}: the hub is closed`);
    assertEquals(error.code, "closed");
  }
  assertMatch(await hub.subscribe(subscription("stream=a")).text(), SENT_AWAY);
});

Deno.test("BroadcastHub refuses a stream beyond maxStreams, and publishers of other streams go on", async () => {
  await using hub = new BroadcastHub({ maxStreams: 2 });
  await hub.publish("a", { data: "" });
  hub.createStream("b");
  const error = assertThrows(
    () => hub.publish("c", { data: "" }),
    HubError,
    "already 2 streams",
  );
  assertEquals(error.code, "full");
  await using _client = new Client(hub.subscribe(subscription("stream=c")));
  assertEquals((await hub.publish("a", { data: "" })).subscribers, 0);
  hub.removeStream("b");
  assertEquals((await hub.publish("c", { data: "" })).subscribers, 1);
});

Deno.test("BroadcastHub keeps all histories together within historyTotalBytes, and evicts the oldest events first", async () => {
  await using hub = new BroadcastHub({ historyTotalBytes: 10_000 });
  for (let i = 0; i < 100; i++) await hub.publish(`s${i % 20}`, { data: "x".repeat(1_000) });
  assert(hub.stats().historyBytes <= 10_000);
  const kept = hub.streams().filter(({ events }) => events > 0).map(({ name }) => name);
  assertEquals(kept, Array.from({ length: 9 }, (_, i) => `s${11 + i}`));
});

Deno.test("BroadcastHub.expire() evicts old events, and forgets streams that nobody needs", async () => {
  let nowMs = 0;
  await using hub = new BroadcastHub({ historyMs: 1_000, now: () => nowMs });
  await hub.publish("a", { data: "1" });
  nowMs = 900;
  await hub.publish("a", { data: "2" });
  await using client = new Client(hub.subscribe(subscription("stream=b")));
  await hub.publish("b", { data: "1" });
  nowMs = 1_001;
  hub.expire();
  assertEquals(hub.streams().map(({ name, events }) => [name, events]), [["a", 1], ["b", 1]]);
  nowMs = 2_000;
  hub.expire();
  assertEquals(hub.streams().map(({ name, events }) => [name, events]), [["b", 0]]);
  await client.leave();
  hub.expire();
  assertEquals(hub.streams(), []);
});

Deno.test("BroadcastHub sends heartbeats during a silence", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  const reader = hub.subscribe(subscription("stream=a")).body!.getReader();
  const read = async () => new TextDecoder().decode((await reader.read()).value);
  assertMatch(await read(), /event: hello/);
  for (let heartbeats = 0; heartbeats < 3; heartbeats++) assertEquals(await read(), ":\n");
  await reader.cancel();
});

Deno.test("BroadcastHub forgets a stream made by publish(), and a stream made by createStream() only after its end", async () => {
  let nowMs = 0;
  await using hub = new BroadcastHub({ historyMs: 1_000, heartbeatMs: 20, now: () => nowMs });
  hub.createStream("now", { ephemeral: true });
  hub.createStream("prices", { slowSubscriber: "latest", replayEvents: 1 });
  await hub.publish("chat", { data: "x" });
  nowMs = 3_600_000;
  hub.expire();
  assertEquals(hub.streams().map(({ name }) => name), ["now", "prices"]);
  assertEquals((await hub.publish("now", { data: "x" })).id, "");
  await hub.publish("prices", { data: "1.08" });
  await using client = new Client(hub.subscribe(subscription("stream=prices")));
  await client.next();
  assertEquals(await client.data(1), ["1.08"]);
  await client.leave();
  await hub.end("prices");
  nowMs = 7_200_001;
  hub.expire();
  assertEquals(hub.streams().map(({ name }) => name), ["now"]);
});

Deno.test("BroadcastHub sends expired to a subscription that expires, and ends it", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  const request = subscription("stream=a");
  await using lasting = new Client(hub.subscribe(request, { expiresInMs: 60_000 }));
  const events = await new Client(hub.subscribe(request, { expiresInMs: 50 })).rest();
  assertEquals(events.map(({ event, data }) => [event, data]).slice(1), [["expired", "{}"]]);
  await lasting.next();
  assertEquals([hub.stats().subscribers, hub.stats().ended.expired], [1, 1]);
});

Deno.test("BroadcastHub with heartbeatMs 0 says in hello that there are no heartbeats", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 0 });
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  assertEquals((await client.next())?.data, '{"heartbeatSeconds":0}');
});

Deno.test("BroadcastHub.stats() counts subscribers, their ends, events, bytes and flushes", async () => {
  await using hub = new BroadcastHub();
  await using one = new Client(hub.subscribe(subscription("stream=a")));
  const two = hub.subscribe(subscription("stream=a"));
  await hub.publish("a", [{ data: "1" }, { data: "2" }]);
  await one.take(3);
  await two.body!.cancel();
  const { deliveredBytes, historyBytes, flushEvents, latencyMs, ...stats } = hub.stats();
  assert(deliveredBytes > historyBytes);
  assertEquals([flushEvents.sum, flushEvents.counts.slice(0, 3)], [2, [0, 1, 0]]);
  assertEquals(latencyMs.counts.reduce((sum, count) => sum + count), 1);
  assertEquals(stats, {
    streams: 1,
    subscribers: 1,
    lagging: 0,
    published: 2,
    deliveredEvents: 4,
    gaps: 0,
    resets: 0,
    ended: { left: 1, ended: 0, slow: 0, failed: 0, closed: 0, expired: 0, stalled: 0 },
    log: undefined,
  });
});

Deno.test("BroadcastHub refuses options out of range", () => {
  for (
    const options of [
      { retryMs: -1 },
      { retryMs: 1.5 },
      { heartbeatMs: NaN },
      { heartbeatMs: Infinity },
      { stallMs: -1 },
      { maxStreams: -1 },
      { historyTotalBytes: NaN },
      { historyMs: 0 },
      { historyBytes: -1 },
      { historyEvents: 0.5 },
      { replayEvents: 1.5 },
    ]
  ) {
    const [name = "", value] = Object.entries(options)[0] ?? [];
    const error = assertThrows(() => new BroadcastHub(options), RangeError);
    assertMatch(error.message, new RegExp(`^Cannot create hub: ${name} must be .*, got ${value}$`));
  }
});

Deno.test("BroadcastHub.subscribe() leaves no subscriber if an option is invalid", async () => {
  await using hub = new BroadcastHub();
  const request = subscription("stream=a");
  assertThrows(() => hub.subscribe(request, { expiresInMs: NaN }), RangeError, "expiresInMs");
  assertThrows(() => hub.subscribe(request, { headers: { "two words": "x" } }), TypeError);
  assertEquals(hub.stats().subscribers, 0);
});

Deno.test("BroadcastHub.publish() rejects when the log fails", async () => {
  const log = new MemoryLog();
  log.append = () => Promise.reject(new Error("disk full"));
  await using hub = new BroadcastHub({ log });
  await assertRejects(() => hub.publish("a", { data: "x" }), Error, "disk full");
});

Deno.test("BroadcastHub.drain() ends every subscriber, and meanwhile events reach the remaining subscribers", async () => {
  await using hub = new BroadcastHub();
  const clients = Array.from({ length: 20 }, () => hub.subscribe(subscription("stream=a")));
  const draining = hub.drain(20);
  assertMatch(await hub.subscribe(subscription("stream=a")).text(), SENT_AWAY);
  await hub.publish("a", { data: "meanwhile" });
  await draining;
  const texts = await Promise.all(clients.map((response) => response.text()));
  for (const text of texts) {
    assertMatch(text, /data: meanwhile\nid: .*\n\n/);
    assertMatch(text, SENT_AWAY);
  }
  assertEquals(new Set(texts).size > 1, true);
  assertEquals([hub.stats().subscribers, hub.stats().ended.closed], [0, 20]);
});

Deno.test("BroadcastHub ends only the subscriber that takes none of its waiting bytes", async () => {
  await using hub = new BroadcastHub({ stallMs: 40, heartbeatMs: 0 });
  const stalled = hub.subscribe(subscription("stream=a"));
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  await client.next();
  await hub.publish("a", { data: "x" });
  assertEquals(await client.data(1), ["x"]);
  await until(() => hub.stats().ended.stalled > 0);
  assertEquals(hub.stats().subscribers, 1);
  assertMatch(
    await stalled.text(),
    /data: x\nid: .*\n\nevent: goaway\nretry: 2000\ndata: {"reason":"stalled"}\n\n$/,
  );
});
