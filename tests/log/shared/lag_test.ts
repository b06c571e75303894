import { assertEquals } from "@std/assert";
import { Delivery } from "../../../lib/log/shared/delivery.ts";
import { Ends } from "../../../lib/log/shared/ends.ts";
import { encodeEntry, encodeItem, EntryIds, type StoredEntry } from "../../../lib/log/entries.ts";
import { LogLag } from "../../../lib/log/shared/lag.ts";
import { PageIndex } from "../../../lib/log/shared/page_index.ts";
import { Retention } from "../../../lib/log/retention.ts";
import { ListStore } from "../list_store.ts";

/** The lag of a log that has delivered none of the entries yet. */
function lagBehind(entries: StoredEntry[]): { lag: LogLag; delivery: Delivery } {
  const store = new ListStore(entries);
  const ids = new EntryIds("e", store.placeLength);
  const delivery = new Delivery({
    ids,
    start: { id: ids.zero, number: 0 },
    receiver: { deliver: () => {}, lost: () => {}, reset: () => {}, changed: () => {} },
    retention: new Retention(),
    index: new PageIndex(1_000),
    ends: new Ends(ids, 3_600_000),
    nowMs: () => Date.now(),
  });
  return { lag: new LogLag({ store, ids, delivery }), delivery };
}

/** An entry appended at a time. Its number is also its place. */
function entry(number: number, timeMs: number): StoredEntry {
  return {
    place: `${number}`,
    text: encodeEntry(timeMs, number, [encodeItem("x", { data: "x" })]),
  };
}

Deno.test("LogLag falls with each delivery between two looks", async () => {
  const entries = [entry(101, 1_000), entry(102, 5_000), entry(103, 8_000)];
  const { lag, delivery } = lagBehind(entries);
  lag.note(103);
  assertEquals([lag.entries, lag.ageMs(10_000)], [0, 0]);
  await lag.look();
  const seen = [[lag.entries, lag.ageMs(10_000)]];
  for (const next of [...entries]) {
    delivery.take([next]);
    seen.push([lag.entries, lag.ageMs(10_000)]);
  }
  // A waiting entry is at most as old as the newest delivered entry.
  assertEquals(seen, [[3, 9_000], [2, 9_000], [1, 5_000], [0, 0]]);
});

Deno.test("LogLag has the age of the oldest waiting entry, not of the last delivered entry", async () => {
  const { lag, delivery } = lagBehind([entry(101, 1_000), entry(102, 9_000)]);
  delivery.take([entry(101, 1_000)]);
  lag.note(102);
  await lag.look();
  assertEquals([lag.entries, lag.ageMs(10_000), lag.ageMs(8_000)], [1, 1_000, 0]);
});

Deno.test("LogLag counts from lower numbers again after a store has lost its newest entries", async () => {
  const entries: StoredEntry[] = [];
  const { lag } = lagBehind(entries);
  for (const number of [500, 200]) {
    lag.note(number);
    await lag.look();
    assertEquals(lag.entries, 0);
  }
  entries.push(entry(201, 1_000), entry(202, 1_000));
  lag.note(202);
  await lag.look();
  assertEquals(lag.entries, 2);
});

Deno.test("LogLag gives an entry that no hub has written no age of half a century", async () => {
  const { lag } = lagBehind([{ place: "101", text: "hello" }]);
  lag.note(1);
  await lag.look();
  assertEquals([lag.entries, lag.ageMs(Date.now()) < 60_000], [1, true]);
});
