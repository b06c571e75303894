import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import type { ReadBackOptions } from "../../lib/hub/read_back.ts";
import { Client, subscription } from "../client.ts";
import { kv, redis } from "../log/places.ts";
import { ScriptedLog } from "../scripted_log.ts";

/** Reads pages until the last, and returns all data and the number of pages. */
async function readAll(
  hub: BroadcastHub,
  names: string | string[],
  options: ReadBackOptions,
): Promise<{ readonly data: string[]; readonly pages: number }> {
  const data: string[] = [];
  for (let pages = 1, { after = "" } = options;; pages++) {
    const page = await hub.read(names, { ...options, after });
    assertEquals([page.gap, page.reset], [[], false]);
    data.push(...page.events.map(({ stream, data }) => `${stream}${data}`));
    if (!page.more) return { data, pages };
    after = page.next;
  }
}

function isRecent(timeMs: number | undefined): boolean {
  return Math.abs(timeMs! - Date.now()) < 60_000;
}

Deno.test("BroadcastHub.read() returns events with their ids, streams and types", async () => {
  await using hub = new BroadcastHub();
  const { id: first } = await hub.publish("a", { event: "price", data: "1\n2" });
  const { id: next } = await hub.publish("a", "3");
  const { events, ...rest } = await hub.read("a");
  assertEquals(events.map(({ publishedMs, ...event }) => [event, isRecent(publishedMs)]), [
    [{ id: first, stream: "a", event: "price", data: "1\n2" }, true],
    [{ id: next, stream: "a", event: "message", data: "3" }, true],
  ]);
  assertEquals(rest, {
    next,
    more: false,
    gap: [],
    reset: false,
    ended: [],
  });
});

Deno.test("BroadcastHub.read() begins with the newest events of each stream, with since", async () => {
  await using hub = new BroadcastHub();
  for (const data of ["1", "2", "3"]) await hub.publish("a", data);
  const { id } = await hub.publish("b", "4");
  const read = async (options: ReadBackOptions) => {
    const { events, more } = await hub.read(["a", "b"], options);
    return [events.map(({ data }) => data).join(), more];
  };
  assertEquals(await read({ since: 2 }), ["2,3,4", false]);
  assertEquals(await read({ since: 2, limit: 1 }), ["2", true]);
  assertEquals(await read({ since: 0 }), ["", false]);
  assertEquals((await hub.read("a", { since: 0 })).next, id);
  assertEquals(await read({ since: 9, after: id }), ["", false]);
  assertThrows(() => hub.read("a", { since: -1 }), RangeError, "since");
});

Deno.test("BroadcastHub.read() reads several streams in pages, in the order of the hub", async () => {
  await using hub = new BroadcastHub();
  const all: string[] = [];
  for (let i = 0; i < 50; i++) {
    const stream = "aabc"[i * 7 % 4]!;
    await hub.publish(stream, `${i}`);
    if (stream !== "c") all.push(`${stream}${i}`);
  }
  for (const limit of [1, 2, 7, 100]) {
    const { data, pages } = await readAll(hub, ["b", "a", "none"], { limit });
    assertEquals([data, pages], [all, Math.ceil(all.length / limit)], `limit ${limit}`);
  }
});

Deno.test("BroadcastHub.read() goes on with next, also where a subscription does", async () => {
  await using hub = new BroadcastHub();
  await hub.publish("a", ["1", "2"]);
  const { next } = await hub.read("a");
  await hub.publish("b", "other");
  await hub.publish("a", "3");
  assertEquals((await hub.read("a", { after: next })).events.map(({ data }) => data), ["3"]);
  await using client = new Client(hub.subscribe(subscription("stream=a", next)));
  assertEquals((await client.data(2))[1], "3");
});

Deno.test("BroadcastHub.read() names the streams of which events before the page are gone", async () => {
  await using hub = new BroadcastHub({ historyEvents: 2 });
  const { id: after } = await hub.publish("a", "1");
  await hub.publish("b", "2");
  for (const data of ["3", "4", "5"]) await hub.publish("a", data);
  const { events, gap, more } = await hub.read(["a", "b"], { after });
  assertEquals([events.map(({ data }) => data), gap, more], [["2", "4", "5"], ["a"], false]);
  assertEquals((await hub.read("a")).gap, []);
});

Deno.test("BroadcastHub.read() begins anew after an id that means nothing, and says so", async () => {
  await using hub = new BroadcastHub();
  await hub.publish("a", "1");
  for (const after of ["x-1", "nonsense", hub.stream("a")!.lastId.replace("-1", "-2")]) {
    const { events, reset } = await hub.read("a", { after });
    assertEquals([events.length, reset], [1, true], after);
  }
});

Deno.test("BroadcastHub.read() names the streams that have ended, with their last page", async () => {
  await using hub = new BroadcastHub();
  await hub.publish("a", ["1", "2"]);
  await hub.end("a");
  const first = await hub.read(["a", "b"], { limit: 1 });
  const last = await hub.read(["a", "b"], { after: first.next });
  assertEquals([first.ended, last.ended], [[], ["a"]]);
  assertEquals((await hub.read("a", { after: last.next })).ended, ["a"]);
});

Deno.test("BroadcastHub.read() ends a page after a mebibyte", async () => {
  await using hub = new BroadcastHub({ historyBytes: Infinity });
  const data = "x".repeat(400_000);
  for (let i = 0; i < 5; i++) await hub.publish("a", data);
  const { events, more } = await hub.read("a");
  assertEquals([events.length, more], [2, true]);
  assertEquals((await readAll(hub, "a", {})).data.length, 5);
});

Deno.test("BroadcastHub.read() leaves no stream and no subscriber behind", async () => {
  await using hub = new BroadcastHub();
  await hub.publish("a", ["1", "2", "3"]);
  await hub.read(["a", "none"], { limit: 1 });
  assertEquals([hub.hasStream("none"), hub.stream("a")!.subscribers, hub.stats().subscribers], [
    false,
    0,
    0,
  ]);
});

Deno.test("BroadcastHub.read() gives up when its signal is aborted, and when the hub closes", async () => {
  const log = new ScriptedLog();
  const hub = new BroadcastHub({ log });
  const controller = new AbortController();
  const reading = hub.read("a", { after: "e-7", signal: controller.signal });
  controller.abort(new Error("late"));
  await assertRejects(() => reading, Error, "late");
  const closed = hub.read("a", { after: "e-7" });
  await hub.close();
  await assertRejects(() => closed, HubError, "the hub is closed");
});

Deno.test("BroadcastHub.read() and position() refuse wrong arguments", async () => {
  await using hub = new BroadcastHub();
  assertThrows(() => hub.read([]), TypeError, "expected 1 to 32 streams, got 0");
  assertThrows(
    () => hub.position(Array.from({ length: 33 }, (_, i) => `${i}`)),
    TypeError,
    "got 33",
  );
  assertThrows(() => hub.read(".."), TypeError);
  assertThrows(() => hub.read("a", { limit: 0 }), RangeError, "limit");
  assertThrows(() => hub.read("a", { first: 1 } as object), TypeError, "there is no option");
});

Deno.test("BroadcastHub.position() is the id from which a page resumes exactly", async () => {
  await using hub = new BroadcastHub();
  await hub.publish("b", "before");
  const id = hub.position("a");
  await hub.publish("a", "after");
  await using client = new Client(hub.subscribe(subscription("stream=a", id)));
  const [hello, event] = await client.take(2);
  assertEquals([hello?.lastEventId, event?.data], [id, "after"]);
});

for (const kind of [kv, redis]) {
  Deno.test({
    name:
      `BroadcastHub.read() reads what only a log of ${kind.name} has, and what another hub published`,
    ignore: kind.ignore,
    async fn() {
      await using place = await kind.place();
      const options = { historyEvents: 3 };
      await using hub = new BroadcastHub({ ...options, log: place.open() });
      await hub.ready;
      const after = hub.position("a");
      const all = Array.from({ length: 40 }, (_, i) => `${"ab"[i % 2]}${i}`);
      for (const text of all) await hub.publish(text[0]!, text.slice(1));
      assertEquals((await readAll(hub, ["a", "b"], { after, limit: 7 })).data, all);
      await using other = new BroadcastHub({ ...options, log: place.open() });
      await other.ready;
      assertEquals((await readAll(other, "a", { after, limit: 7 })).data.length, 20);
      const { id } = await other.publish("a", "new");
      // The first hub waits until it has this id.
      const { events, next } = await hub.read("a", { after: id });
      assert(events.length === 0 && next === id);
    },
  });
}
