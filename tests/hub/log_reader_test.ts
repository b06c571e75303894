import { assertEquals, assertLess } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import type { HubOptions } from "../../lib/hub/options.ts";
import { Client, subscription } from "../client.ts";
import { entry, ScriptedLog } from "../scripted_log.ts";

/** The events that a client at event 2 gets from a hub at event 1, through the event `last`. */
async function seenAhead(run: (log: ScriptedLog) => unknown, last: string) {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  await log.deliver(1);
  await using client = new Client(hub.subscribe(subscription("stream=x", "e-2")));
  assertEquals((await client.take(1))[0]?.event, "hello");
  await run(log);
  const seen: string[] = [];
  while (seen.at(-1) !== last) {
    const [event] = await client.take(1);
    seen.push(event?.event === "gap" ? `gap ${event.lastEventId}` : event!.data);
  }
  return { seen, gaps: hub.stats().gaps, asked: log.asked };
}

Deno.test("a client ahead of its hub gets the next events from the log", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([entry(3)]);
    await log.deliver(2, 3, 4);
  }, "4");
  assertEquals(result, { seen: ["3", "4"], gaps: 0, asked: ["e-2"] });
});

Deno.test("a client reads on past pages of the log that have no events for it", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([entry(3, "y")]);
    await log.answer([entry(4, "y"), entry(5, "y")]);
    await log.answer([entry(6)]);
    await log.deliver(2, 6, 7);
  }, "7");
  assertEquals(result, { seen: ["6", "7"], gaps: 0, asked: ["e-2", "e-3", "e-5"] });
});

Deno.test("a client ahead of its hub gets a gap where the log has one", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([entry(6)], "e-5");
    log.lose(5);
    await log.deliver(6, 7);
  }, "7");
  assertEquals(result, { seen: ["gap e-5", "6", "7"], gaps: 1, asked: ["e-2"] });
});

Deno.test("a client ahead of its hub gets no gap if the hub has read the events meanwhile", async () => {
  const result = await seenAhead(async (log) => {
    await log.deliver(2, 3, 4);
    await log.answer([], "e-4");
    await log.deliver(5);
  }, "5");
  assertEquals(result, { seen: ["3", "4", "5"], gaps: 0, asked: ["e-2"] });
});

Deno.test("each subscriber gets a gap, and each gap is counted, when the log has lost the next events", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  await using a = new Client(hub.subscribe(subscription("stream=x")));
  await using b = new Client(hub.subscribe(subscription("stream=x")));
  log.lose(2);
  await log.deliver(3);
  for (const client of [a, b]) {
    assertEquals((await client.take(3)).map(({ lastEventId }) => lastEventId), [
      "e-0",
      "e-2",
      "e-3",
    ]);
  }
  assertEquals([hub.stats().gaps, log.asked], [2, []]);
});

Deno.test("a client gets no event from the log that came after the end of its stream", async () => {
  const result = await seenAhead(async (log) => {
    const end = { ...entry(3), event: undefined };
    await log.answer([end, entry(4), entry(5, "y"), { ...entry(6), isFirst: true }]);
    await log.deliver(7);
  }, "7");
  assertEquals(result.seen, ["6", "7"]);
});

Deno.test("a client gets the older event of a key that was used again", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log, historyEvents: 3 });
  const keyed = (number: number) => ({ ...entry(number), event: { id: "key", data: `${number}` } });
  await log.deliver(1);
  log.send([keyed(2)]);
  for (const number of [3, 4, 5]) await log.deliver(number);
  log.send([keyed(6)]);
  await Promise.resolve();
  await using client = new Client(hub.subscribe(subscription("stream=x", "e-1")));
  await log.answer([keyed(2), entry(3)]);
  assertEquals((await client.data(6)).slice(1), ["2", "3", "4", "5", "6"]);
});

Deno.test("a client of ephemeral streams only does not wait for the log", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  hub.createStream("time", { ephemeral: true });
  await using client = new Client(hub.subscribe(subscription("stream=time", "e-9")));
  await client.next();
  await hub.publish("time", { data: "tick" });
  assertEquals([(await client.next())?.data, log.asked], ["tick", []]);
});

Deno.test("a client is asked to reconnect later if too many reads of the log wait", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  const text = hub.subscribe(subscription("stream=x", "e-2")).text();
  await log.refuse(new DOMException("1024 reads wait already", "QuotaExceededError"));
  const retries = (await text).match(/(?<=retry: )\d+/g)!;
  assertEquals([hub.stats().subscribers, hub.stats().ended.closed], [0, 1]);
  assertLess(4_999, Number(retries.at(-1)));
});

Deno.test("a read of the log is aborted when its client has left", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  const client = new Client(hub.subscribe(subscription("stream=x&stream=y", "e-2")));
  await client.next();
  const { streams, signal } = log.options[0]!;
  assertEquals([streams, signal.aborted], [["x", "y"], false]);
  await client.leave();
  assertEquals(signal.aborted, true);
  await log.refuse(signal.reason);
  assertEquals(log.asked, ["e-2"]);
});

Deno.test("a client continues after a page of the log that has no events for it", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([], undefined, "e-4");
    await log.answer([entry(5), entry(6, "y")], undefined, "e-7");
    await log.deliver(3, 4, 5, 6, 7, 8);
  }, "8");
  assertEquals(result, { seen: ["5", "8"], gaps: 0, asked: ["e-2", "e-4"] });
});

/** Runs a test with a hub that keeps two events of each stream. */
async function quietAndBusy(
  run: (log: ScriptedLog, see: See, hub: BroadcastHub) => Promise<void>,
  options: HubOptions = {},
): Promise<void> {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log, historyEvents: 2, ...options });
  const see: See = async (query, last, id) => {
    await using client = new Client(hub.subscribe(subscription(query, id)));
    const seen: string[] = [];
    while (!seen.at(-1)?.startsWith(last)) {
      const { event, data, lastEventId } = (await client.next())!;
      if (event === "hello") continue;
      seen.push(event === "gap" ? `gap ${lastEventId} ${JSON.parse(data).streams}` : data);
    }
    return seen;
  };
  await run(log, see, hub);
}

/** Subscribes with a query and an id; returns the events through the first that begins with `last`. */
type See = (query: string, last: string, id?: string) => Promise<string[]>;

/** Delivers events 1 to `last`: those in `ofY` to a quiet stream y, the others to a busy stream x. */
async function deliverBoth(log: ScriptedLog, last: number, ofY: number[]): Promise<void> {
  for (let i = 1; i <= last; i++) log.send([entry(i, ofY.includes(i) ? "y" : "x")]);
  await Promise.resolve();
}

Deno.test("a client gets the kept events of its other streams before a gap in one stream", async () => {
  await quietAndBusy(async (log, see) => {
    await deliverBoth(log, 9, [2, 5]);
    const seen = see("stream=x&stream=y", "9", "e-1");
    await log.answer([entry(7), entry(8), entry(9)], "e-6");
    await log.answer([entry(7), entry(8), entry(9)]);
    assertEquals(await seen, ["2", "5", "gap e-6 x", "7", "8", "9"]);
    assertEquals(log.asked, ["e-1", "e-6"]);
  });
});

Deno.test("a gap in the log ends where the history of its stream begins", async () => {
  await quietAndBusy(async (log, see) => {
    await deliverBoth(log, 9, [2, 5]);
    const seen = see("stream=x&stream=y", "9", "e-1");
    await log.answer([], "e-9");
    assertEquals(await seen, ["2", "5", "gap e-7 x", "8", "9"]);
  });
});

Deno.test("a client gets more than a chunk of kept events before a gap in the log", async () => {
  await quietAndBusy(async (log, see) => {
    const data = "x".repeat(40_000);
    log.send([entry(1), { ...entry(2, "y"), event: { data } }, {
      ...entry(3, "y"),
      event: { data },
    }]);
    log.send([4, 5, 6, 7, 8].map((number) => entry(number)));
    await Promise.resolve();
    const seen = see("stream=x&stream=y", "8", "e-1");
    for (let i = 0; i < 2; i++) await log.answer([], "e-5");
    await log.answer([entry(6), entry(7), entry(8)]);
    assertEquals(await seen, [data, data, "gap e-5 x", "6", "7", "8"]);
    assertEquals(log.asked, ["e-1", "e-2", "e-5"]);
  });
});

Deno.test("a gap in one stream comes before the last trimmed event, which another stream still has", async () => {
  await quietAndBusy(async (log, see) => {
    await deliverBoth(log, 9, [2, 6]);
    const seen = see("stream=x&stream=y", "9", "e-1");
    await log.answer([], "e-6");
    await log.answer([], "e-6");
    await log.answer([entry(7), entry(8), entry(9)]);
    assertEquals(await seen, ["2", "gap e-5 x", "6", "7", "8", "9"]);
    assertEquals(log.asked, ["e-1", "e-5", "e-6"]);
  });
});

Deno.test("a newcomer with since=1 gets the newest event of each stream without a read of the log", async () => {
  await quietAndBusy(async (log, see) => {
    await deliverBoth(log, 9, [2, 5]);
    assertEquals(await see("stream=x&stream=y&since=1", "9"), ["5", "9"]);
    assertEquals(log.asked, []);
  });
});

Deno.test("a client with policy latest gets a gap where not even the latest event is kept", async () => {
  let nowMs = 0;
  const options = { slowSubscriber: "latest", now: () => nowMs, historyMs: 1_000 } as const;
  await quietAndBusy(async (log, see, hub) => {
    await deliverBoth(log, 4, [2]);
    nowMs = 2_000;
    log.send([entry(5)]);
    await Promise.resolve();
    hub.expire();
    const seen = see("stream=x&stream=y", "5", "e-1");
    await log.answer([], "e-4");
    assertEquals(await seen, ["gap e-2 y", "5"]);
  }, options);
});

Deno.test("a client gets no events from the log for a stream that is ephemeral in this hub", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  hub.createStream("y", { ephemeral: true });
  await log.deliver(1);
  await using client = new Client(hub.subscribe(subscription("stream=x&stream=y", "e-2")));
  await log.answer([entry(3, "y"), entry(4)]);
  assertEquals((await client.data(2)).slice(1), ["4"]);
  assertEquals(log.options[0]!.streams, ["x"]);
});

Deno.test("a client gets a gap in all its streams for trimmed entries that its hub has not read", async () => {
  await quietAndBusy(async (log, see) => {
    await deliverBoth(log, 5, [2]);
    const seen = see("stream=x&stream=y", "gap e-7", "e-1");
    await log.answer([], "e-7");
    assertEquals(await seen, ["2", "gap e-3 x", "4", "5", "gap e-7 x,y"]);
  });
});

Deno.test("a client gets events after an end only if their publisher had seen the end", async () => {
  const result = await seenAhead(async (log) => {
    const first = (number: number, seenId: string) => ({ ...entry(number), isFirst: true, seenId });
    const end = { ...entry(3), event: undefined };
    await log.answer([end, first(4, "e-2"), entry(5), first(6, "e-3")]);
    await log.deliver(7);
  }, "7");
  assertEquals(result.seen, ["6", "7"]);
});

Deno.test("a client gets the events of a stream that began anew, and none that were refused after the end", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  await log.deliver(1);
  log.send([{ ...entry(2), event: undefined }]);
  await using client = new Client(hub.subscribe(subscription("stream=x", "e-3")));
  const anew = { ...entry(5), isFirst: true, seenId: "e-2" };
  await log.answer([entry(4), anew, entry(6)]);
  assertEquals((await client.data(3)).slice(1), ["5", "6"]);
});

Deno.test("a client gets no event refused after an end, even if the end is on an earlier page", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([{ ...entry(3), event: undefined }]);
    await log.answer([entry(4), { ...entry(6), isFirst: true }]);
    await log.deliver(7);
  }, "7");
  assertEquals(result.seen, ["6", "7"]);
});

Deno.test("an id ahead of the hub gets a reset if the log is not shared, even if the log can be read", async () => {
  const log = new ScriptedLog();
  log.isShared = false;
  await using hub = new BroadcastHub({ log });
  await log.deliver(1);
  await using client = new Client(hub.subscribe(subscription("stream=x", "e-2")));
  const [reset, hello] = await client.take(2);
  assertEquals([reset?.event, hello?.event, hello?.lastEventId], ["reset", "hello", "e-1"]);
});

Deno.test("an event of a reserved type in a log is delivered as app:<type>, live and from the log", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log, historyEvents: 1 });
  const old = (number: number) => ({ ...entry(number), event: { event: "ended", data: "x" } });
  log.send([old(1), old(2), entry(3)]);
  await Promise.resolve();
  await using client = new Client(hub.subscribe(subscription("stream=x", "e-0")));
  await log.answer([old(1), old(2)]);
  const read = (await client.take(4)).map(({ event }) => event);
  assertEquals(read, ["hello", "app:ended", "app:ended", "message"]);
  log.send([old(4)]);
  assertEquals((await client.next())?.event, "app:ended");
});

Deno.test("a pattern's gap in the log names all its streams at once, since its id tells of them all", async () => {
  const log = new ScriptedLog();
  let nowMs = 0;
  await using hub = new BroadcastHub({ log, now: () => nowMs, historyMs: 1_000 });
  for (const name of ["f/b", "f/d"]) hub.createStream(name);
  await hub.ready;
  log.send([entry(1, "f/b"), entry(2, "f/b"), entry(3, "f/d"), entry(4, "f/b")]);
  nowMs = 2_000;
  hub.expire();
  const request = subscription("stream=f/*", "e-1");
  await using client = new Client(hub.subscribe(request, { patterns: true }));
  const taken = client.take(3);
  await log.answer([entry(4, "f/b")], "e-3");
  await log.answer([entry(4, "f/b")]);
  const [, gap, event] = await taken;
  assertEquals([gap?.data, gap?.lastEventId], ['{"streams":["f/b","f/d"]}', "e-3"]);
  assertEquals([event?.data, hub.stats().gaps], ["4", 1]);
});
