import { assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { CutConnection } from "../../lib/wire/ending.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { Client, subscription } from "../client.ts";
import { entry, ScriptedLog } from "../scripted_log.ts";
import { macrotask } from "../wait.ts";

/** Reads the chunks of a response as text. */
class Raw implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  /** The next chunk; `""` at a clean end, `cut` at a cut. */
  async next(): Promise<string> {
    try {
      return new TextDecoder().decode((await this.#reader.read()).value);
    } catch (error) {
      if (error instanceof CutConnection) return "cut";
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}

function epochOf(id: string): string {
  return id.split("-")[0]!;
}

Deno.test("hello shares its block with retry, which some clients obey only before a blank line", async () => {
  await using hub = new BroadcastHub();
  await using raw = new Raw(hub.subscribe(subscription("stream=a")));
  assertMatch(await raw.next(), /^retry: 2000\nevent: hello\n/);
});

Deno.test("a heartbeat comment has no blank line, at which fetch-event-source calls onmessage", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  await using raw = new Raw(hub.subscribe(subscription("stream=a")));
  await raw.next();
  assertEquals(await raw.next(), ":\n");
});

Deno.test("control=none begins with retry alone, and has ids on events only", async () => {
  await using hub = new BroadcastHub();
  hub.createStream("a");
  await using raw = new Raw(hub.subscribe(subscription("stream=a&control=none")));
  assertEquals(await raw.next(), "retry: 2000\n");
  const { id } = await hub.publish("a", { event: "x", data: "[DONE]" });
  assertEquals(await raw.next(), `event: x\ndata: [DONE]\nid: ${id}\n\n`);
});

Deno.test("control=none leaves out reset and gap", async () => {
  await using hub = new BroadcastHub({ historyEvents: 1 });
  const { id } = await hub.publish("a", "1");
  await hub.publish("a", ["2", "3"]);
  const last = `data: 3\nid: ${epochOf(id)}-3\n\n`;
  for (const lastEventId of [id, "other-1"]) {
    const query = "stream=a&control=none&since=1";
    await using raw = new Raw(hub.subscribe(subscription(query, lastEventId)));
    assertEquals([await raw.next(), await raw.next()], ["retry: 2000\n", last]);
  }
  assertEquals([hub.stats().gaps, hub.stats().resets], [0, 0]);
});

Deno.test("control=none ends cleanly after the last event, without ended", async () => {
  await using hub = new BroadcastHub({ ending: "cut" });
  const { id } = await hub.publish("a", "1");
  await using live = new Raw(hub.subscribe(subscription("stream=a&control=none")));
  await live.next();
  await hub.end("a");
  assertEquals(await live.next(), "");
  const replayed = hub.subscribe(subscription("stream=a&control=none&since=earliest"));
  assertEquals(await replayed.text(), `retry: 2000\ndata: 1\nid: ${id}\n\n`);
});

Deno.test("control=none is cut without goaway, and its retry spreads the clients", async () => {
  await using hub = new BroadcastHub({ ending: "cut" });
  hub.createStream("a");
  await using raw = new Raw(hub.subscribe(subscription("stream=a&control=none")));
  await raw.next();
  await hub.drain(0);
  assertMatch(await raw.next(), /^retry: ([5-9]|1[0-4])\d{3}\n$/);
  assertEquals(await raw.next(), "cut");
  await using late = new Raw(hub.subscribe(subscription("stream=a&control=none")));
  assertMatch(await late.next(), /^retry: \d+\n$/);
  assertEquals(await late.next(), "cut");
});

Deno.test("control=none expires without a word", async () => {
  await using hub = new BroadcastHub({ ending: "cut", heartbeatMs: 20 });
  hub.createStream("a");
  const options = { expiresInMs: 1, control: "none" } as const;
  await using raw = new Raw(hub.subscribe(subscription("stream=a"), options));
  assertEquals([await raw.next(), await raw.next()], ["retry: 2000\n", "cut"]);
});

Deno.test("control=none answers 204 to a stream that neither exists nor keeps an event", async () => {
  await using hub = new BroadcastHub({ historyMs: 1, now: () => nowMs });
  let nowMs = 0;
  const status = (query: string) => {
    const response = hub.subscribe(new Request(`http://localhost/sse?${query}&control=none`));
    void response.body?.cancel();
    return response.status;
  };
  assertEquals([status("stream=a"), status("stream=a&stream=b&since=earliest")], [204, 204]);
  hub.createStream("a");
  assertEquals([status("stream=a"), status("stream=a&stream=b")], [200, 200]);
  await hub.end("a");
  assertEquals(status("stream=a"), 204);
  await hub.publish("c", "1");
  await hub.end("c");
  assertEquals([status("stream=c"), status("stream=c&since=1")], [200, 200]);
  nowMs = 10;
  hub.expire();
  assertEquals(status("stream=c&since=1"), 204);
});

Deno.test("control=none gives a client with everything of ended streams retry and a clean end", async () => {
  await using hub = new BroadcastHub();
  const { id } = await hub.publish("a", "1");
  await hub.end("a");
  const headers = { "last-event-id": id };
  const request = new Request("http://localhost/sse?stream=a&control=none", { headers });
  assertEquals(await hub.subscribe(request).text(), "retry: 60000\n");
  assertEquals(hub.subscribe(subscription("stream=a&control=none", id)).status, 204);
});

Deno.test("heartbeat=event sends an event without an id", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  await using raw = new Raw(hub.subscribe(subscription("stream=a&heartbeat=event")));
  await raw.next();
  assertEquals(await raw.next(), "event: heartbeat\ndata: {}\n\n");
});

Deno.test("label=stream and format=json leave control events as they are", async () => {
  await using hub = new BroadcastHub({ historyEvents: 1 });
  const { id } = await hub.publish("a", "1");
  await hub.publish("a", ["2", "3"]);
  await using raw = new Raw(
    hub.subscribe(subscription("stream=a&label=stream&format=json", id)),
  );
  const epoch = epochOf(id);
  assertMatch(await raw.next(), /^retry: 2000\nevent: hello\ndata: \{"heartbeat/);
  assertEquals(
    await raw.next(),
    `event: gap\ndata: {"streams":["a"]}\nid: ${epoch}-2\n\n` +
      `stream: a\ndata: {"stream":"a","event":"message","data":"3"}\nid: ${epoch}-3\n\n`,
  );
});

Deno.test("one chunk is built for all subscribers with the same streams and modes", async () => {
  await using hub = new BroadcastHub();
  const chunks: Uint8Array[] = [];
  const queries = [
    "label=stream",
    "label=stream",
    "",
    "format=json",
    "event=y&event=x",
    "event=x&event=y",
  ];
  const readers = queries.map((query) =>
    hub.subscribe(subscription(`stream=a&${query}`)).body!.getReader()
  );
  for (const reader of readers) await reader.read();
  await hub.publish("a", { event: "x", data: "1" });
  for (const reader of readers) chunks.push((await reader.read()).value!);
  for (const reader of readers) await reader.cancel();
  assertStrictEquals(chunks[0], chunks[1]);
  assertStrictEquals(chunks[4], chunks[5]);
  assertEquals(new Set(chunks).size, 4);
});

Deno.test("event= sends events of these types, live and resumed", async () => {
  await using hub = new BroadcastHub();
  const events = ["x", "y", "x", "y"].map((event, i) => ({ event, data: `${i}` }));
  const { id } = await hub.publish("a", "none");
  await using live = new Client(hub.subscribe(subscription("stream=a&event=x&event=message")));
  await live.next();
  await hub.publish("a", events);
  await hub.publish("a", "end");
  assertEquals(await live.data(3), ["0", "2", "end"]);
  await using resumed = new Client(hub.subscribe(subscription("stream=a&event=y", id)));
  assertEquals(await resumed.data(4), ['{"heartbeatSeconds":15}', "1", "3", "{}"]);
});

Deno.test("event= has a cursor after events that were left out: after catching up, and with a heartbeat", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  const { id } = await hub.publish("a", ["1", "2"]);
  const epoch = epochOf(id);
  const query = "stream=a&event=x&since=earliest";
  await using raw = new Raw(hub.subscribe(subscription(query)));
  const cursor = (number: number) => `event: cursor\ndata: {}\nid: ${epoch}-${number}\n\n`;
  await raw.next();
  assertEquals(await raw.next(), cursor(2));
  await hub.publish("a", "3");
  let text = "";
  while (text === "" || text === ":\n") text = await raw.next();
  assertEquals(text, cursor(3));
  assertEquals(await raw.next(), ":\n");
});

Deno.test("event= with heartbeat=event sends the cursor and the heartbeat", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  const query = "stream=a&event=x&heartbeat=event";
  await using client = new Client(hub.subscribe(subscription(query)));
  await client.next();
  await hub.publish("a", "1");
  const seen = [];
  while (seen.at(-1) !== "cursor") seen.push((await client.next())!.event);
  assertEquals((await client.next())!.event, "heartbeat");
});

Deno.test("event= has the cursor in time where events without ids leave no silence", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 40 });
  hub.createStream("e", { ephemeral: true });
  await using client = new Client(hub.subscribe(subscription("stream=a&stream=e&event=x")));
  await client.next();
  const { id } = await hub.publish("a", "left out");
  await hub.publish("e", { event: "x", data: "busy" });
  let event = await client.next();
  while (event!.event !== "cursor") {
    await macrotask();
    await hub.publish("e", { event: "x", data: "busy" });
    event = await client.next();
  }
  assertEquals(event!.lastEventId, id);
});

Deno.test("event= with control=none has no cursor", async () => {
  await using hub = new BroadcastHub({ heartbeatMs: 20 });
  await hub.publish("a", "1");
  const query = "stream=a&event=x&control=none&since=earliest";
  await using raw = new Raw(hub.subscribe(subscription(query)));
  assertEquals([await raw.next(), await raw.next()], ["retry: 2000\n", ":\n"]);
});

Deno.test("event= ends with an id after the events that were left out", async () => {
  await using hub = new BroadcastHub();
  const { id } = await hub.publish("a", ["1", "2"]);
  await hub.end("a");
  const query = "stream=a&event=x&since=earliest";
  const events = await new Client(hub.subscribe(subscription(query))).rest();
  const ended = events.at(-1)!;
  assertEquals([events.length, ended.event, epochOf(ended.lastEventId)], [2, "ended", epochOf(id)]);
});

Deno.test("event= skips more of the histories than one chunk, and finds the one event after it", async () => {
  await using hub = new BroadcastHub({ historyEvents: Infinity, historyBytes: Infinity });
  const { id } = await hub.publish("a", "first");
  const batch = Array.from({ length: 1_000 }, () => "x".repeat(5_000));
  await hub.publish("a", batch);
  await hub.publish("a", { event: "x", data: "last" });
  await using client = new Client(hub.subscribe(subscription("stream=a&event=x", id)));
  assertEquals((await client.data(2))[1], "last");
});

Deno.test("a slow subscriber with event= is disconnected as any other", async () => {
  await using hub = new BroadcastHub({ historyEvents: 3 });
  const response = hub.subscribe(subscription("stream=a&event=x&format=json"));
  for (let i = 0; i < 10; i++) {
    await hub.publish("a", { event: i % 2 ? "x" : "y", data: `${i}` });
    await macrotask();
  }
  const events = await new Client(response).rest();
  assertEquals(events.at(-1)!.data, '{"reason":"slow"}');
});

Deno.test("modes hold for events from the log", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  await log.deliver(1);
  const query = "stream=x&event=x&format=json&label=stream";
  await using raw = new Raw(hub.subscribe(subscription(query, "e-2")));
  await raw.next();
  const typed = { ...entry(4), event: { event: "x", data: "4" } };
  await log.answer([entry(3), typed, entry(5)]);
  assertEquals(
    await raw.next(),
    'stream: x\ndata: {"stream":"x","event":"x","data":"4"}\nid: e-4\n\n',
  );
  await log.deliver(2, 3, 4, 5);
  await log.answer([]);
  assertEquals(await raw.next(), "event: cursor\ndata: {}\nid: e-5\n\n");
});

Deno.test("a stream has at most maxAudiences sets of types; further clients come back later", async () => {
  await using hub = new BroadcastHub({ maxAudiences: 2 });
  const subscribe = (query: string) => new Client(hub.subscribe(subscription(query)));
  await using _one = subscribe("stream=a&event=1");
  await using two = subscribe("stream=a&stream=b&event=2");
  await using three = subscribe("stream=a&event=3");
  assertEquals((await three.next())!.data, '{"reason":"overloaded"}');
  // A set that is there, all types, and other streams are not limited.
  for (const query of ["stream=a&event=1", "stream=a&label=stream", "stream=b&event=3"]) {
    await using client = subscribe(query);
    assertEquals((await client.next())!.event, "hello");
  }
  await two.leave();
  await using again = subscribe("stream=a&event=3");
  assertEquals((await again.next())!.event, "hello");
});

Deno.test("BroadcastHub.subscribe() takes modes from its options before those of the query", async () => {
  await using hub = new BroadcastHub();
  hub.createStream("a");
  const request = subscription("stream=a&control=none&format=json&event=x");
  const options = { control: "all", label: "stream", format: "plain", event: ["y"] } as const;
  await using client = new Raw(hub.subscribe(request, options));
  assertMatch(await client.next(), /hello/);
  await hub.publish("a", [{ event: "x", data: "1" }, { event: "y", data: "2" }]);
  assertMatch(await client.next(), /^stream: a\nevent: y\ndata: 2\nid: [0-9a-z]+-2\n\n$/);
  assertEquals(hub.subscribe(subscription("stream=a&format=xml")).status, 400);
  assertEquals(hub.subscribe(request, { heartbeat: "event" }).status, 400);
  assertThrows(() => hub.subscribe(request, { event: ["hello"] }), TypeError, "reserved");
});
