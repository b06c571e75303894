import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import { PipeError } from "../../lib/hub/pipe.ts";
import { Client, subscription } from "../client.ts";
import { cuts, utf8 } from "../pieces.ts";
import { ScriptedLog } from "../scripted_log.ts";
import { macrotask, until } from "../wait.ts";

/** What a viewer of a stream gets from its start to its end: types and data. */
async function view(hub: BroadcastHub, stream: string): Promise<string[]> {
  await using client = new Client(hub.subscribe(subscription(`stream=${stream}&since=earliest`)));
  const [, ...events] = await client.rest();
  return events.map(({ event, data }) => `${event} ${data}`);
}

/** A source that sends pieces, and then fails. */
function failing(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.error(new Error("the upstream is gone"));
      else controller.enqueue(utf8(piece));
    },
  });
}

const UPSTREAM = "retry: 9\n: hi\nid: 7\nevent: delta\ndata: a\ndata: é\n\ndata: b\n\n" +
  "event: error\ndata: {}\n\nid\ndata: c\n\ndata: [DONE]\n\ndata: unfinished";

Deno.test("BroadcastHub.pipe() publishes types and data as they are, wherever the bytes are cut", async () => {
  await using hub = new BroadcastHub();
  for (const [i, pieces] of cuts(UPSTREAM).entries()) {
    const { events } = await hub.pipe(`s${i}`, ReadableStream.from(pieces), { end: true });
    const expected = [
      "delta a\né",
      "message b",
      "app:error {}",
      "message c",
      "message [DONE]",
      "ended",
    ];
    const viewed = (await view(hub, `s${i}`)).map((text) => text.replace(/^ended .*/s, "ended"));
    assertEquals([events, viewed], [5, expected]);
  }
});

Deno.test("BroadcastHub.pipe() takes a block's own id as the event's key, and no earlier id", async () => {
  await using hub = new BroadcastHub();
  const text = "id: k\ndata: 1\n\ndata: 2\n\nid: k\ndata: again\n\nid: ключ\ndata: 3\n\n";
  await hub.pipe("a", ReadableStream.from([utf8(text)]));
  assertEquals(hub.stream("a")!.published, 3);
});

Deno.test("BroadcastHub.pipe() resolves with the id of the last event, and leaves the stream open", async () => {
  await using hub = new BroadcastHub();
  const { id, events } = await hub.pipe("a", new Response("data: 1\n\ndata: 2\n\n").body!);
  assertEquals([id, events], [hub.stream("a")!.lastId, 2]);
  assertEquals(hub.stream("a")!.isEnded, false);
  assertEquals(await hub.pipe("a", new Response("").body!), { id: "", events: 0 });
});

Deno.test("BroadcastHub.pipe() tells viewers that its source broke off as abort says", async () => {
  await using hub = new BroadcastHub();
  const table = [
    [{}, "message 1", false],
    [{ end: true }, "message 1", true],
    [{ end: true, abort: "keep" }, "message 1", false],
    [{ abort: "end" }, "message 1", true],
    [{ end: true, abort: "broken" }, "broken {}", true],
  ] as const;
  for (const [i, [options, last, isEnded]] of table.entries()) {
    const piping = hub.pipe(`s${i}`, failing("data: 1\n\n", "data: 2\n"), options);
    const error = await assertRejects(() => piping, PipeError, "the upstream is gone");
    assertEquals([error.events, hub.stream(`s${i}`)!.isEnded], [1, isEnded]);
    await hub.end(`s${i}`);
    const viewed = await view(hub, `s${i}`);
    assertEquals(viewed.findLast((text) => !text.startsWith("ended ")), last);
  }
});

Deno.test("BroadcastHub.pipe() breaks off and cancels a source that is silent for too long", async () => {
  await using hub = new BroadcastHub();
  for (
    const [options, text] of [[{ idleMs: 1 }, "data: 1\n\n"], [{ stallMs: 1 }, "data: 1"]] as const
  ) {
    let reason: unknown;
    const source = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(utf8(text)),
      cancel: (error) => void (reason = error),
    });
    const place = text === "data: 1" ? "within an event" : "between events";
    const error = await assertRejects(() => hub.pipe("a", source, options), PipeError, place);
    assertEquals(error.cause, reason);
  }
});

Deno.test("BroadcastHub.pipe() breaks off when its signal is aborted, and at an event that is too long", async () => {
  await using hub = new BroadcastHub();
  const controller = new AbortController();
  const piping = hub.pipe("a", new ReadableStream(), { signal: controller.signal, abort: "end" });
  controller.abort(new Error("stopped"));
  await assertRejects(() => piping, PipeError, "stopped");
  await assertRejects(
    () => hub.pipe("b", new Response("data: 12345\n\n").body!, { maxEventBytes: 9 }),
    PipeError,
    "more than 9 bytes",
  );
});

Deno.test("BroadcastHub.pipe() breaks off when the hub closes, and when the stream has ended", async () => {
  const hub = new BroadcastHub();
  await hub.publish("a", "1");
  await hub.end("a");
  const refused = await assertRejects(
    () => hub.pipe("a", new Response("data: 2\n\n").body!),
    PipeError,
  );
  assert(refused.cause instanceof HubError && refused.cause.code === "ended");
  const piping = hub.pipe("b", new ReadableStream());
  await hub.close();
  const closed = await assertRejects(() => piping, PipeError);
  assert(closed.cause instanceof HubError && closed.cause.code === "closed");
});

Deno.test("BroadcastHub.pipe() reads no more than 64 KiB ahead of a log that is slower", async () => {
  // It keeps what is appended, and never delivers it.
  await using hub = new BroadcastHub({ log: new ScriptedLog() });
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.enqueue(utf8(`data: ${"x".repeat(8_000)}\n\n`));
    },
  }, { highWaterMark: 0 });
  const piping = hub.pipe("a", source);
  for (let before = -1; before < pulls;) {
    before = pulls;
    for (let i = 0; i < 10; i++) await macrotask();
  }
  // The first batch is on its way, and the next one waits.
  assertEquals(pulls, 10);
  await hub.close();
  await assertRejects(() => piping, PipeError);
});

Deno.test("BroadcastHub.pipe() stops waiting for its source when the stream is ended meanwhile", async () => {
  await using hub = new BroadcastHub();
  let push = (_: string) => {};
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => void (push = (text) => controller.enqueue(utf8(text))),
  });
  const piping = hub.pipe("a", source);
  push("data: 1\n\n");
  await until(() => hub.stream("a")?.published === 1);
  await hub.end("a");
  push("data: 2\n\n");
  await assertRejects(() => piping, PipeError, "it has ended");
});

Deno.test("BroadcastHub.pipe() refuses wrong arguments at once, and locks no source for them", async () => {
  await using hub = new BroadcastHub();
  const source = new ReadableStream<Uint8Array>();
  assertThrows(() => hub.pipe("..", source), TypeError, "name");
  assertThrows(
    () => hub.pipe("a", source, { ends: true } as object),
    TypeError,
    "did you mean end?",
  );
  assertThrows(() => hub.pipe("a", source, { abort: "gap" }), TypeError, "reserved");
  assertThrows(() => hub.pipe("a", source, { idleMs: -1 }), RangeError, "idleMs");
  assertEquals(source.locked, false);
});
