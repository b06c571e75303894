import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { encodeEntry, encodeItem, type StoredEntry } from "../../lib/log/entries.ts";
import { LogMeter, type LogStats } from "../../lib/log/log_stats.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { soon } from "../wait.ts";
import { OpenLog } from "./contract.ts";
import { ListStore, SharedList, storedEntry } from "./list_store.ts";

const TICK_MS = 5;

/** A log on a list store, which other logs may share. */
async function start(
  list: SharedList,
  options: { maxEntries?: number } = {},
): Promise<{ log: OpenLog; store: ListStore }> {
  const store = new ListStore(list);
  const log = await OpenLog.open(new SharedLog(store, options, undefined, TICK_MS));
  return { log, store };
}

function stats({ log }: OpenLog): LogStats {
  return log.stats!();
}

async function append({ log }: OpenLog, ...data: string[]): Promise<void> {
  for (const each of data) await log.append("x", [{ data: each }]);
}

async function until(isSo: () => boolean): Promise<void> {
  await soon(
    (async () => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
    })(),
    () => `${isSo}`,
  );
}

/** Waits until a log has compared itself with its store twice: one comparison then began after the call. */
async function compared(log: OpenLog): Promise<void> {
  const checks = () => count(stats(log).checkMs);
  const before = checks();
  await until(() => checks() >= before + 2);
}

function count({ counts }: LogStats["checkMs"]): number {
  return counts.reduce((sum, count) => sum + count);
}

/** An entry that was appended `ageMs` milliseconds ago. */
function oldEntry(place: number, ageMs: number): StoredEntry {
  const text = encodeEntry(Date.now() - ageMs, place, [encodeItem("x", { data: "x" })]);
  return { place: `${place}`, text };
}

Deno.test("SharedLog.stats() returns zeros at first, even before the log is open", async () => {
  const shared = new SharedLog(new ListStore());
  const zeros = {
    entries: 0,
    oldestAgeMs: 0,
    lagEntries: 0,
    lagMs: 0,
    outages: 0,
    outageMs: 0,
  };
  for (const isOpen of [false, true]) {
    if (isOpen) await OpenLog.open(shared);
    const { appendMs, checkMs, ...others } = shared.stats();
    assertEquals(others, zeros);
    assertEquals([appendMs, checkMs].map(count), [0, 0]);
  }
  await shared.close();
});

Deno.test("SharedLog.stats() has the lag of a log whose store is slow to deliver", async () => {
  const list = new SharedList();
  const { log: a } = await start(list);
  await using _ = a;
  const { log: b, store } = await start(list);
  await using __ = b;
  const gate = Promise.withResolvers<void>();
  store.following = gate.promise;
  // The log is already waiting for this entry.
  await append(a, "0");
  await b.delivered(1);
  const beforeMs = Date.now();
  await append(a, "1", "2", "3");
  await until(() => stats(b).lagEntries === 3);
  await until(() => stats(b).lagMs >= 20);
  const { lagMs } = stats(b);
  assert(lagMs <= Date.now() - beforeMs, `${lagMs} ms`);
  assertEquals([stats(a).lagEntries, stats(a).lagMs], [0, 0]);
  gate.resolve();
  await b.delivered(4);
  assertEquals([stats(b).lagEntries, stats(b).lagMs], [0, 0]);
});

Deno.test("SharedLog.stats() has the age of the oldest waiting entry, however late the log looks", async () => {
  const list = new SharedList([oldEntry(100, 3_600_000)]);
  const { log, store } = await start(list);
  await using _ = log;
  const gate = Promise.withResolvers<void>();
  store.following = gate.promise;
  list.number = 101;
  store.add(oldEntry(101, 3_600_000));
  await log.delivered(2);
  for (const [place, ageMs] of [[102, 60_000], [103, 30_000]] as const) {
    list.entries.push(oldEntry(place, ageMs));
  }
  list.number = 103;
  await until(() => stats(log).lagEntries === 2);
  const { lagMs } = stats(log);
  assert(lagMs >= 60_000 && lagMs < 3_600_000, `${lagMs} ms`);
  gate.resolve();
  await log.delivered(4);
  assertEquals(stats(log).lagMs, 0);
});

Deno.test("SharedLog.stats() does not count entries as lag that were trimmed before the log read them", async () => {
  for (const kept of [1, 0]) {
    const list = new SharedList([storedEntry(100)].slice(0, kept));
    list.number = 100;
    const { log, store } = await start(list);
    await using _ = log;
    await compared(log);
    assertEquals(stats(log).lagEntries, 0);
    // Other instances have written and trimmed 400 entries.
    list.number = 500;
    await compared(log);
    assertEquals(stats(log).lagEntries, 0);
    const gate = Promise.withResolvers<void>();
    store.following = gate.promise;
    list.number = 501;
    store.add(storedEntry(501));
    await log.delivered(kept + 1);
    list.number = 502;
    store.add(storedEntry(502));
    await until(() => stats(log).lagEntries === 1);
    gate.resolve();
    await log.delivered(kept + 2);
    assertEquals(stats(log).lagEntries, 0);
  }
});

Deno.test("SharedLog.stats() has no lag if the store's number is lost or is not a number", async () => {
  const list = new SharedList();
  const { log } = await start(list);
  await using _ = log;
  await append(log, "1", "2");
  for (const number of [undefined, NaN, -1, "7" as unknown as number]) {
    list.number = number;
    await compared(log);
    assertEquals([stats(log).lagEntries, stats(log).lagMs], [0, 0]);
  }
});

Deno.test("SharedLog.stats() follows the numbers of a store that has lost its newest entries", async () => {
  const list = new SharedList();
  const { log: a, store } = await start(list);
  await using _ = a;
  await append(a, "1");
  const restore = list.snapshot();
  await append(a, "2", "3", "4");
  await a.delivered(4);
  store.cut();
  restore();
  store.join();
  await until(() => a.changes.at(-1) === true);
  const { log: b } = await start(list);
  await using __ = b;
  const gate = Promise.withResolvers<void>();
  store.following = gate.promise;
  await append(b, "5");
  await a.delivered(5);
  await append(b, "6", "7");
  await until(() => stats(a).lagEntries === 2);
  gate.resolve();
  await a.delivered(7);
  assertEquals(stats(a).lagEntries, 0);
});

Deno.test("SharedLog.stats() keeps the last known lag, and the log stays up, if the oldest entry can't be read", async () => {
  const list = new SharedList([storedEntry(100)]);
  const { log, store } = await start(list);
  await using _ = log;
  const gate = Promise.withResolvers<void>();
  store.following = gate.promise;
  list.number = 101;
  store.add(storedEntry(101));
  await log.delivered(2);
  store.reading = Promise.reject(new Error("too large"));
  store.reading.catch(() => {});
  list.number = 102;
  list.entries.push(storedEntry(102));
  await compared(log);
  assertEquals([stats(log).lagEntries, stats(log).outages, log.log.isUp], [0, 0, true]);
  store.reading = Promise.resolve();
  await until(() => stats(log).lagEntries === 1);
  gate.resolve();
  await log.delivered(3);
});

Deno.test("SharedLog.stats() counts an outage once, however many reasons the outage has", async () => {
  const { log, store } = await start(new SharedList());
  await using _ = log;
  for (const outages of [1, 2]) {
    const { length } = log.changes;
    store.cut();
    for (const reason of ["a", "b", "c"]) store.fail(new Error(`${reason} ${outages}`));
    await assertRejects(() => append(log, "x"));
    await until(() => stats(log).outageMs > 10 * outages);
    assert(log.changes.length >= length + 3);
    assertEquals(stats(log).outages, outages);
    store.join();
    await until(() => log.log.isUp);
    assertEquals(log.changes.at(-1), true);
  }
  const { outages, outageMs } = stats(log);
  await compared(log);
  assertEquals([stats(log).outages, stats(log).outageMs], [outages, outageMs]);
});

Deno.test("SharedLog.stats() counts an outage if the store is unreachable while the log opens", async () => {
  const store = new ListStore();
  const shared = new SharedLog(store, {}, undefined, TICK_MS);
  const trimMark = store.trimMark.bind(store);
  let failures = 3;
  store.trimMark = () => failures-- > 0 ? Promise.reject(new Error(`no. ${failures}`)) : trimMark();
  await using log = await OpenLog.open(shared);
  assertEquals(log.changes, [false, false, false, true]);
  assertEquals(stats(log).outages, 1);
});

Deno.test("SharedLog.stats() has the number and age of the kept entries, also after a trim", async () => {
  const list = new SharedList(
    [5, 4, 3, 2, 1].map((minutes, i) => oldEntry(100 + i, minutes * 60_000)),
  );
  const { log, store } = await start(list, { maxEntries: 3 });
  await using _ = log;
  await until(() => store.entries.length === 3);
  await until(() => stats(log).entries === 3);
  const { oldestAgeMs } = stats(log);
  assert(oldestAgeMs >= 180_000 && oldestAgeMs < 240_000, `${oldestAgeMs} ms`);
  await append(log, "x");
  await until(() => store.entries.length === 3 && stats(log).entries === 3);
  assertLess(stats(log).oldestAgeMs, 180_000);
});

Deno.test("SharedLog.stats() counts the round trip of each entry, and of a check at each tick", async () => {
  const { log, store } = await start(new SharedList());
  await using _ = log;
  await Promise.all([append(log, "1"), append(log, "2")]);
  await append(log, "3");
  assertEquals(count(stats(log).appendMs), 2);
  await compared(log);
  store.cut();
  await assertRejects(() => append(log, "4"));
  const checks = count(stats(log).checkMs);
  await until(() => stats(log).outageMs > 5 * TICK_MS);
  assertEquals([count(stats(log).appendMs), count(stats(log).checkMs)], [2, checks]);
  store.join();
  await until(() => log.log.isUp);
});

Deno.test("LogMeter adds up the durations of outages and of answers", async () => {
  let nowMs = 1_000;
  const meter = new LogMeter(() => nowMs);
  const after = (ms: number) => {
    nowMs += ms;
    const { outages, outageMs } = meter.stats();
    return [outages, outageMs];
  };
  meter.up();
  assertEquals(after(5), [0, 0]);
  meter.down();
  assertEquals(after(10), [1, 10]);
  meter.down();
  assertEquals(after(10), [1, 20]);
  meter.up();
  meter.up();
  assertEquals(after(100), [1, 20]);
  meter.down();
  assertEquals(after(3), [2, 23]);
  const answer = (ms: number) => () => Promise.resolve(void (nowMs += ms));
  await meter.append(answer(7));
  await meter.append(answer(0.2));
  await meter.check(answer(9_000));
  const { appendMs, checkMs } = meter.stats();
  assertEquals([appendMs.counts[0], appendMs.counts[5], checkMs.counts.at(-1)], [1, 1, 1]);
  assertEquals(checkMs.sum, 9_000);
});
