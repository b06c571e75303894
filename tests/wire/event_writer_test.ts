import { assert, assertEquals, assertThrows } from "@std/assert";
import { eventStream } from "../../lib/wire/event_stream.ts";
import type { EventWriter } from "../../lib/wire/event_writer.ts";
import { Client } from "../client.ts";
import { macrotask } from "../wait.ts";

Deno.test("EventWriter.every() sends an event at each interval, and stops when the client leaves", async () => {
  let made = 0;
  const client = new Client(eventStream((writer) => writer.every(1, () => `${++made}`)));
  assertEquals(await client.data(3), ["1", "2", "3"]);
  await client.leave();
});

Deno.test("EventWriter.every() makes no event while the client takes nothing", async () => {
  let made = 0;
  const reader = eventStream((writer) => writer.every(1, () => `${++made}`)).body!.getReader();
  await reader.read();
  await reader.read();
  await using other = new Client(eventStream((writer) => writer.every(1, () => "x")));
  await other.take(20);
  assert(made <= 2, `made ${made}`);
  await reader.cancel();
});

Deno.test("EventWriter.every() ends the connection when it can't make an event", async () => {
  const errors: unknown[] = [];
  const response = eventStream(
    (writer) => writer.every(1, () => fail("no event")),
    { onError: (error) => errors.push(error) },
  );
  assertEquals(await response.text(), "retry: 2000\n");
  assertEquals(errors.map(String), ["Error: no event"]);
});

Deno.test("EventWriter.every() refuses an interval beyond the limits of a timer", async () => {
  const response = eventStream((writer) => {
    for (const ms of [0, -1, NaN, Infinity, 2 ** 31]) {
      assertThrows(() => writer.every(ms, () => ""), RangeError, "Cannot start interval");
    }
    writer.close();
  });
  assertEquals(await response.text(), "retry: 2000\n");
});

Deno.test("EventWriter.send() says whether the client keeps up", async () => {
  let writer!: EventWriter;
  const response = eventStream((it) => void (writer = it));
  const reader = response.body!.getReader();
  await reader.read();
  const pending = reader.read();
  assertEquals(writer.send("taken"), true);
  assertEquals(writer.send("waits"), false);
  await pending;
  await reader.read();
  await writer.ready;
  await reader.cancel();
  assertEquals(writer.send("nobody"), false);
  assert(writer.isClosed);
});

Deno.test("EventWriter.ready resolves when the client has taken everything, and when the client has left", async () => {
  let writer!: EventWriter;
  const response = eventStream((it) => void (writer = it));
  const order: string[] = [];
  const reader = response.body!.getReader();
  const ready = writer.ready.then(() => order.push("ready"));
  await macrotask();
  order.push("read");
  await reader.read();
  await ready;
  assertEquals(order, ["read", "ready"]);
  writer.send("x");
  const left = writer.ready;
  await reader.cancel();
  await left;
  await writer.ready;
});

Deno.test("EventWriter.ready asked for twice resolves both times, and again after the next event", async () => {
  let writer!: EventWriter;
  const reader = eventStream((it) => void (writer = it)).body!.getReader();
  const both = Promise.all([writer.ready, writer.ready]);
  await reader.read();
  await both;
  writer.send("x");
  const leaving = Promise.all([writer.ready, writer.ready]);
  await reader.cancel();
  await leaving;
});

Deno.test("EventWriter.send() ends a connection with too many waiting bytes, after those bytes", async () => {
  const ends: string[] = [];
  const response = eventStream((writer) => {
    for (let i = 0; i < 100; i++) writer.send("x".repeat(92));
  }, { maxWaitingBytes: 1_000, onEnd: ({ reason }) => ends.push(reason) });
  const text = await response.text();
  assertEquals(ends, ["slow"]);
  const goaway = 'event: goaway\nretry: 2000\ndata: {"reason":"slow"}\n\n';
  assertEquals([text.length, text.slice(-goaway.length)], [12 + 9 * 100 + goaway.length, goaway]);
});

Deno.test("EventWriter.send() sends a single event of any size if no bytes wait", async () => {
  const data = "x".repeat(10_000_000);
  const client = new Client(eventStream(async (writer) => {
    await writer.ready;
    writer.send(data);
    writer.close();
  }));
  const [event] = await client.rest();
  assertEquals(event?.data.length, data.length);
});

Deno.test("EventWriter.close() may be called twice", async () => {
  const response = eventStream((writer) => {
    writer.close();
    writer.close();
    writer.send("late");
  });
  assertEquals(await response.text(), "retry: 2000\n");
});

function fail(text: string): never {
  throw new Error(text);
}
