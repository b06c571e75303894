// deno-lint-ignore-file no-console -- the tests look at the console

import { assert, assertEquals, assertMatch } from "@std/assert";
import { RESPONSE_SETTINGS } from "./client.ts";
import {
  eventStream,
  type EventStreamOptions,
  type EventStreamSource,
} from "../lib/wire/event_stream.ts";
import { BroadcastHub } from "../lib/hub/hub.ts";
import type { EventLog } from "../lib/log/event_log.ts";
import { MemoryLog } from "../lib/log/memory.ts";
import { type EndReason, EventResponse } from "../lib/wire/event_response.ts";
import { Client, subscription } from "./client.ts";
import { macrotask } from "./wait.ts";

// The rule of this file: when a callback throws or rejects, at most one connection ends, the error is
// reported once, and all others go on. An uncaught error fails a test.

/** Both ways to fail. */
const ways: Readonly<Record<string, () => never>> = {
  throws: () => {
    throw new Error("broken");
  },
  rejects: () => Promise.reject(new Error("broken")) as never,
};

/** An async iterable whose iterator has some methods replaced. */
function iterable(broken: Partial<AsyncIterator<string>>): AsyncIterable<string> {
  const value = "x";
  const iterator = {
    next: () => Promise.resolve({ done: false, value }),
    return: () => Promise.resolve({ done: true as const, value: undefined }),
  };
  return { [Symbol.asyncIterator]: () => ({ ...iterator, ...broken }) };
}

for (const [way, fail] of Object.entries(ways)) {
  const sources: Record<string, [EventStreamSource, EndReason, EventStreamOptions?]> = {
    "a callback": [fail, "failed"],
    "a clean-up": [() => fail, "left"],
    "every()": [(writer) => writer.every(1, fail), "failed"],
    "an iterator's next()": [iterable({ next: fail }), "failed"],
    "an iterator's return()": [iterable({ return: fail }), "left"],
    ...way === "throws" && { "an iterable": [{ [Symbol.asyncIterator]: fail }, "failed"] },
    "onEnd": [() => {}, "left", { onEnd: fail }],
  };
  for (const [name, [source, reason, options]] of Object.entries(sources)) {
    Deno.test(`eventStream() reports an error once when ${name} ${way}, and ends as ${reason}`, async () => {
      const errors: unknown[] = [];
      const ends: EndReason[] = [];
      const onEnd = (end: { reason: EndReason }) => {
        ends.push(end.reason);
        return options?.onEnd?.(end as never);
      };
      const onError = (error: unknown) => errors.push(error);
      const response = eventStream(source, { ...options, onEnd, onError });
      if (reason === "left") await leave(response);
      else await response.text();
      await macrotask();
      assertEquals(ends, [reason]);
      assertEquals(errors.length, 1);
      assertMatch(`${errors[0]}`, /broken|not a function/);
    });
  }

  Deno.test(`eventStream() without onError writes one line on the console when a callback ${way}`, async () => {
    const lines = await consoleLines(async () => {
      assertEquals(await eventStream(fail).text(), "retry: 2000\n");
    });
    assertEquals(lines, ["sse-hub: Error: broken"]);
  });

  Deno.test(`eventStream() writes both errors on the console when onError ${way} as well`, async () => {
    const lines = await consoleLines(async () => {
      await eventStream(() => {
        throw new Error("first\nwith a second line");
      }, { onError: fail }).text();
    });
    assertEquals(lines, ["sse-hub: Error: first with a second line", "sse-hub: Error: broken"]);
  });

  Deno.test(`EventResponse ends as failed, and reports the error once, when a pull ${way}`, async () => {
    const errors: unknown[] = [];
    const ends: EndReason[] = [];
    const response = new EventResponse(new Uint8Array(1), {
      ...RESPONSE_SETTINGS,
      report: (error) => errors.push(error),
    });
    response.onEnd(({ reason }) => ends.push(reason));
    response.pullWith(fail);
    assertEquals((await response.respond({}).bytes()).length, 1);
    response.enqueue(new Uint8Array(1), 1);
    response.fail(new Error("broken once more"));
    assertEquals(ends, ["failed"]);
    assertEquals(errors.map(String), ["Error: broken", "Error: broken once more"]);
  });

  const hooks = { onSubscribe: "failed", onUnsubscribe: "left", onEnd: "left" } as const;
  for (const [name, reason] of Object.entries(hooks)) {
    Deno.test(`BroadcastHub reports an error once when ${name} ${way}, and other subscribers go on`, async () => {
      const errors: unknown[] = [];
      let isBroken = true;
      const hook = { [name]: () => isBroken ? fail() : undefined };
      const [hubHook, ownHook] = name === "onEnd" ? [{}, hook] : [hook, {}];
      const onError = (error: unknown) => errors.push(error);
      await using hub = new BroadcastHub({ ...hubHook, onError });
      await leave(hub.subscribe(subscription("stream=a"), ownHook));
      await macrotask();
      isBroken = false;
      assertEquals(errors.map(String), ["Error: broken"]);
      assertEquals(hub.stats().ended[reason], 1);
      await using other = new Client(hub.subscribe(subscription("stream=a")));
      await other.next();
      await hub.publish("a", { data: "goes on" });
      assertEquals(await other.data(1), ["goes on"]);
      assertEquals(hub.stats().subscribers, 1);
    });
  }

  // Each method of the log fails in a hub that has a subscriber and a publisher.
  const promising = ["append", "end", "read", "close"] as const;
  for (const method of way === "throws" ? [...promising, "hasId" as const] : promising) {
    Deno.test(`BroadcastHub outlives a log whose ${method}() ${way}`, async () => {
      const errors: unknown[] = [];
      const log: EventLog = new MemoryLog();
      const hub = new BroadcastHub({ log, onError: (error) => errors.push(error) });
      const client = new Client(hub.subscribe(subscription("stream=a")));
      const { id } = await hub.publish("a", { data: "before" });
      const works = log[method];
      Object.assign(log, { [method]: fail });
      const outcomes = await Promise.allSettled([
        (async () => await hub.publish("a", { data: "x" }))(),
        (async () => await hub.end("a"))(),
        (async () => await leave(hub.subscribe(subscription("stream=a", id))))(),
        ...method === "close" ? [hub.close()] : [],
      ]);
      Object.assign(log, { [method]: works });
      const failed = outcomes.filter(({ status }) => status === "rejected");
      // A caller's promise carries the error; an error without a caller is reported.
      assert(
        failed.length + errors.length <= 1,
        `${failed.length} rejected, ${errors.length} reports`,
      );
      assertEquals((await client.take(2)).map(({ data }) => data)[1], "before");
      await client.leave();
      await hub.close().catch(() => {});
    });
  }
}

Deno.test("BroadcastHub reports once that its clock throws, and keeps its last time until the clock works", async () => {
  const errors: unknown[] = [];
  let isBroken = false;
  let nowMs = 1_000;
  const now = () => isBroken ? ways.throws!() : nowMs;
  const onError = (error: unknown) => errors.push(error);
  await using hub = new BroadcastHub({ now, historyMs: 1_000, onError });
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  isBroken = true;
  for (const data of ["1", "2"]) await hub.publish("a", { data });
  assertEquals((await client.take(3)).map(({ data }) => data).slice(1), ["1", "2"]);
  hub.expire();
  isBroken = false;
  nowMs = 5_000;
  hub.expire();
  assertEquals([hub.stream("a")?.events, errors.map(String)], [0, ["Error: broken"]]);
});

Deno.test("BroadcastHub skips an entry that no hub can have appended, and reports it", async () => {
  const errors: unknown[] = [];
  const log = new MemoryLog();
  const open = log.open.bind(log);
  let deliver!: Parameters<EventLog["open"]>[0]["deliver"];
  log.open = (receiver) => {
    deliver = receiver.deliver;
    open(receiver);
  };
  await using hub = new BroadcastHub({ log, onError: (error) => errors.push(error) });
  await using client = new Client(hub.subscribe(subscription("stream=a")));
  const entry = { id: "x-1", isFirst: false, ageMs: 0 };
  const data = 7 as unknown as string;
  deliver([
    { ...entry, stream: "../a", event: { data: "a bad name" } },
    { ...entry, stream: "a", event: { data } },
    { ...entry, stream: "a", event: { data: "good" } },
  ]);
  assertEquals((await client.take(2)).map(({ data }) => data)[1], "good");
  assertEquals(errors.length, 2);
});

Deno.test("BroadcastHub sends one gap to a subscriber whose position every history has evicted", async () => {
  const errors: unknown[] = [];
  await using hub = new BroadcastHub({ historyEvents: 10, onError: (error) => errors.push(error) });
  hub.createStream("now", { ephemeral: true });
  for (let i = 0; i < 5; i++) await hub.publish("a", { data: "x".repeat(70_000) });
  const query = "stream=a&stream=now&since=earliest";
  const reader = hub.subscribe(subscription(query)).body!.getReader();
  await reader.read();
  await reader.read();
  // An ephemeral event that fills a chunk by itself; every event before it is evicted.
  await hub.publish("now", { data: "t".repeat(65_500) });
  for (let i = 0; i < 30; i++) await hub.publish("a", { data: `late ${i}` });
  let text = "";
  while (!text.includes("late 29")) text += new TextDecoder().decode((await reader.read()).value);
  assertEquals(text.match(/^event: gap$/gm)?.length, 1);
  assertEquals(text.match(/^data: late /gm)?.length, 10);
  assertEquals([errors, hub.stats().subscribers], [[], 1]);
  await reader.cancel();
});

/** Reads the available bytes, then disconnects unless the response has ended. */
async function leave(response: Response): Promise<void> {
  const reader = response.body?.getReader();
  await reader?.read();
  await macrotask();
  await reader?.cancel();
}

/** Returns the lines written to `console.error()` during a call. */
async function consoleLines(run: () => Promise<void>): Promise<unknown[]> {
  const lines: unknown[] = [];
  const { error } = console;
  console.error = (line) => void lines.push(line);
  try {
    await run();
    await macrotask();
  } finally {
    console.error = error;
  }
  return lines;
}
