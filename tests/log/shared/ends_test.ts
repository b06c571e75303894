import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../../../lib/hub/hub.ts";
import { decodeEndRecords, encodeEndRecord, Ends } from "../../../lib/log/shared/ends.ts";
import { EntryIds } from "../../../lib/log/entries.ts";
import type { LogEntry } from "../../../lib/log/event_log.ts";
import type { RetentionOptions } from "../../../lib/log/retention.ts";
import { SharedLog } from "../../../lib/log/shared_log.ts";
import { Client, subscription } from "../../client.ts";
import { soon, until } from "../../wait.ts";
import { ListStore, SharedList } from "../list_store.ts";

const IDS = new EntryIds("e", 3);
const TICK_MS = 5;

function idOf(place: number): string {
  return IDS.format(`${place}`, 1);
}

function end(place: number, stream = "x"): LogEntry {
  return { id: idOf(place), stream, event: undefined, isFirst: false, ageMs: 0 };
}

function first(place: number, seen?: number, stream = "x"): LogEntry {
  const entry = { id: idOf(place), stream, event: { data: "" }, isFirst: true, ageMs: 0 };
  return seen === undefined ? entry : { ...entry, seenId: idOf(seen) };
}

const CASES: [what: string, entries: LogEntry[], holds: number | undefined][] = [
  ["the first of several ends", [end(101), end(102)], 101],
  ["no end if the stream has begun anew", [end(101), first(102, 101)], undefined],
  ["no end if the publisher that began the stream anew does not say what it had seen", [
    end(101),
    first(102),
  ], undefined],
  ["an end that the publisher of a first event had not seen", [end(101), first(102, 100)], 101],
  ["the end of the new stream", [end(101), first(102, 101), end(103)], 103],
];

for (const [what, entries, holds] of CASES) {
  Deno.test(`Ends know ${what}, wherever the log is trimmed meanwhile`, () => {
    const expected = holds === undefined ? [] : [{ stream: "x", id: idOf(holds), ageMs: 0 }];
    for (let trimmed = 100; trimmed <= 103; trimmed++) {
      const ends = new Ends(IDS, 1_000);
      ends.take(entries, 0);
      const due = ends.due(idOf(trimmed), 0);
      ends.drop(idOf(trimmed), due, 0);
      assertEquals(ends.through(idOf(103), 0), expected);
      const other = new Ends(IDS, 1_000);
      other.adopt([...due, ...due].map(encodeEndRecord), idOf(trimmed));
      other.take(entries.filter(({ id }) => id > idOf(trimmed)), 0);
      assertEquals(other.through(idOf(103), 0), expected);
    }
  });
}

Deno.test("Ends know the records of other instances through an id, in any order", () => {
  const records = [[101, true], [102, false], [103, true], [104, false]] as const;
  const texts = records.map(([place, hasEnded]) =>
    encodeEndRecord({ stream: "x", id: IDS.withoutEpoch(idOf(place)), timeMs: 0, hasEnded })
  ).reverse();
  const held = [100, 101, 102, 103, 104].map((place) => {
    const ends = new Ends(IDS, 1_000);
    ends.adopt(texts, idOf(place));
    return ends.through(idOf(999), 0).map(({ id }) => id).join();
  });
  assertEquals(held, ["", idOf(101), "", idOf(103), ""]);
});

Deno.test("Ends forget an end that is too old, trimmed or not", () => {
  const ends = new Ends(IDS, 1_000);
  ends.take([end(101, "old")], 0);
  ends.take([end(102, "new")], 500);
  ends.drop(idOf(101), ends.due(idOf(101), 0), 0);
  assertEquals(ends.through(idOf(103), 1_000).map(({ stream }) => stream), ["old", "new"]);
  assertEquals(ends.through(idOf(103), 1_001).map(({ stream }) => stream), ["new"]);
  assertEquals(ends.due(idOf(102), 1_501), []);
  ends.drop(idOf(102), [], 1_501);
  assertEquals(ends.through(idOf(103), 0), []);
});

Deno.test("Ends return to their earlier state after a store has lost its newest entries", () => {
  const ends = new Ends(IDS, 1_000);
  ends.take([end(101), first(102, 101), end(103, "y")], 0);
  ends.cut(idOf(101));
  assertEquals(ends.through(idOf(999), 0).map(({ stream }) => stream), ["x"]);
});

Deno.test("decodeEndRecords() skips records that no hub has written", () => {
  const record = { stream: "x", id: "1010001", timeMs: 5, hasEnded: true };
  const wrong = [
    undefined,
    5,
    "",
    "{}",
    "null",
    '["x"]',
    '["x","1",5,true]',
    '["a b","1010001",5,1]',
  ];
  assertEquals(decodeEndRecords([...wrong, encodeEndRecord(record)], IDS), [record]);
});

/** A hub on a shared list, and its store. */
async function start(list: SharedList, options?: RetentionOptions) {
  const store = new ListStore(list);
  const hub = new BroadcastHub({ log: new SharedLog(store, options, undefined, TICK_MS) });
  await hub.ready;
  return { hub, store, [Symbol.asyncDispose]: () => hub.close() };
}

/** Pauses an instance after the next event. The returned function lets it go on. */
async function pause({ hub, store }: Awaited<ReturnType<typeof start>>, by: BroadcastHub) {
  const { promise, resolve } = Promise.withResolvers<void>();
  await until(() => store.isFollowed);
  store.following = promise;
  const { id } = await by.publish("w", { data: "the last before the pause" });
  await until(() => hub.stream("w")?.lastId === id);
  return resolve;
}

/** Publishes until the log has trimmed everything else, as seen by a hub without history. */
async function fill({ hub, store }: Awaited<ReturnType<typeof start>>) {
  for (const data of ["1", "2"]) await hub.publish("w", { data });
  await until(() => store.entries.length <= 2);
}

Deno.test("a hub ends the subscribers of a stream even if the end was trimmed before the hub read it", async () => {
  const list = new SharedList();
  await using a = await start(list, { maxEntries: 2 });
  await using b = await start(list);
  await a.hub.publish("x", { data: "1" });
  await until(() => b.hub.hasStream("x"));
  await using viewer = new Client(b.hub.subscribe(subscription("stream=x")));
  await viewer.next();
  const resume = await pause(b, a.hub);
  await a.hub.publish("x", { data: "2" });
  await a.hub.end("x");
  await fill(a);
  resume();
  const rest = await soon(viewer.rest(), () => "the end of the stream");
  const types = rest.map(({ event }) => event).filter((event) => event !== "gap");
  assertEquals(types, ["ended"]);
  const { lastId } = b.hub.stream("w")!;
  assertEquals(b.hub.subscribe(subscription("stream=x", lastId)).status, 204);
});

Deno.test("a paused hub goes on with a stream that ended and began anew, even if all of it was trimmed", async () => {
  const list = new SharedList();
  await using a = await start(list, { maxEntries: 2 });
  await using b = await start(list);
  await a.hub.publish("x", { data: "1" });
  await a.hub.end("x");
  await until(() => b.hub.stream("x")?.isEnded ?? false);
  const resume = await pause(b, a.hub);
  a.hub.removeStream("x");
  await a.hub.publish("x", { data: "anew" });
  await fill(a);
  resume();
  const { id } = await a.hub.publish("x", { data: "more" });
  await until(() => b.hub.stream("x")?.lastId === id);
  assertEquals(b.hub.stream("x")?.isEnded, false);
  await b.hub.publish("x", { data: "and more" });
  await until(() => a.hub.stream("x")?.published === 3);
});

Deno.test("a hub keeps a known end if entries after the end are missing, trimmed or not", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  await a.hub.publish("x", { data: "1" });
  await a.hub.end("x");
  await until(() => b.hub.stream("x")?.isEnded ?? false);
  const resume = await pause(b, a.hub);
  for (const data of ["lost", "kept"]) await a.hub.publish("w", { data });
  const { lastId } = a.hub.stream("w")!;
  list.entries.splice(-2, 1);
  resume();
  await until(() => b.hub.stream("w")?.lastId === lastId);
  assertEquals([b.hub.stream("w")?.events, b.hub.stream("x")?.isEnded], [1, true]);
});
