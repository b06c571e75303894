import { assert, assertEquals, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import type { StoredEntry } from "../../lib/log/entries.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { Client, subscription } from "../client.ts";
import { soon, until } from "../wait.ts";
import { OpenLog, textOf } from "./contract.ts";
import { ListStore, oldEntry, storedEntry } from "./list_store.ts";

const id = (place: number, index = "0001") => `e-${place}${index}`;

/** `count` entries at the places from 100 on, with data of `size` characters each. */
function entries(count: number, size = 1, streamOf = (_: number) => "x"): StoredEntry[] {
  return Array.from(
    { length: count },
    (_, i) => storedEntry(100 + i, `${100 + i}`.padEnd(size, "."), streamOf(i)),
  );
}

/** A log over a store that already has entries. */
async function open(
  stored: StoredEntry[],
  options?: { maxEntries: number },
): Promise<{ log: OpenLog; store: ListStore }> {
  const store = new ListStore(stored);
  const log = await OpenLog.open(new SharedLog(store, options));
  store.reads.length = 0;
  return { log, store };
}

Deno.test("SharedLog reads about 64 KiB at a time, however large the entries are", async () => {
  for (const size of [100, 10_000, 200_000]) {
    const { log, store } = await open(entries(300, size));
    await using _ = log;
    assertEquals(log.entries.length, 300);
    assertEquals((await log.readAll(id(110))).length, 289);
    const most = Math.max(...store.reads.map(([, count]) => count));
    assert(most <= Math.max(2, 65_536 / size), `${most} of ${size}`);
    assert(most >= Math.min(100, 60_000 / size), `${most} of ${size}`);
  }
});

Deno.test("SharedLog reads a page once for all clients that wait for it, wherever in the page they resume", async () => {
  const { log, store } = await open(entries(40, 10_000));
  await using _ = log;
  const read = async (place: number) => {
    const { entries, throughId } = await log.log.read!(id(place));
    return [entries.map(textOf).map((text) => text.slice(0, 5)), throughId];
  };
  // A page has 6 entries of 10 000 characters.
  assertEquals(await Promise.all([100, 102, 104, 105].map(read)), [
    [["x 101", "x 102", "x 103", "x 104", "x 105"], id(105)],
    [["x 103", "x 104", "x 105"], id(105)],
    [["x 105"], id(105)],
    [["x 106", "x 107", "x 108", "x 109", "x 110", "x 111"], id(111)],
  ]);
  assertEquals(store.reads, [["09a", 6], ["106", 6]]);
});

Deno.test("SharedLog keeps the pages that were read last, at most 16 MiB", async () => {
  const { log, store } = await open(entries(400, 60_000));
  await using _ = log;
  for (let time = 0; time < 3; time++) await log.log.read!(id(100));
  assertEquals(store.reads.length, 1);
  await log.readAll(id(100));
  const before = store.reads.length;
  await log.log.read!(id(490));
  assertEquals(store.reads.length, before);
  await log.log.read!(id(100));
  assertEquals(store.reads.length, before + 1);
});

Deno.test("SharedLog skips pages without events of the streams asked for", async () => {
  const { log, store } = await open(
    entries(600, 10_000, (i) => i % 200 === 150 ? "quiet" : `${i}`),
  );
  await using _ = log;
  const seen: string[] = [];
  const streams = ["quiet", "unknown"];
  for (let at = id(100), isEnd = false; !isEnd;) {
    const { entries, throughId } = await log.log.read!(at, { streams });
    seen.push(...entries.filter(({ stream }) => stream === "quiet").map(({ id }) => id));
    isEnd = throughId === undefined;
    at = throughId ?? at;
  }
  assertEquals(seen, [id(250), id(450), id(650)]);
  // A page for each stream, and the part after the last entry once.
  assertEquals(store.reads.length, 4);
});

Deno.test("SharedLog reads entries that were added to the newest page", async () => {
  const { log, store } = await open(entries(2));
  await using _ = log;
  assertEquals(await log.readAll(id(100)), ["x 101"]);
  store.add(storedEntry(102));
  await log.delivered(3);
  assertEquals(await log.readAll(id(100)), ["x 101", "x 102"]);
});

Deno.test("SharedLog reads nothing for clients that have left, and only a few pages at a time", async () => {
  const { log, store } = await open(entries(500, 60_000));
  await using _ = log;
  const gate = Promise.withResolvers<void>();
  store.reading = gate.promise;
  const left = Array.from({ length: 200 }, (_, i) => {
    const leaving = new AbortController();
    const reading = log.log.read!(id(100 + i), { signal: leaving.signal });
    return { leaving, reading };
  });
  const waiting = log.log.read!(id(400));
  for (const { leaving } of left) leaving.abort();
  gate.resolve();
  assertEquals((await waiting).entries.length, 1);
  const results = await Promise.allSettled(left.map(({ reading }) => reading));
  assertEquals(results.filter(({ status }) => status === "fulfilled").length, 4);
  assertEquals(store.reads.length, 5);
});

Deno.test("a hub with a shared log reads a page once for a thousand clients, even if most leave", async () => {
  const store = new ListStore(entries(30, 10_000));
  await using hub = new BroadcastHub({ log: new SharedLog(store), historyEvents: 1 });
  await hub.ready;
  store.reads.length = 0;
  const gate = Promise.withResolvers<void>();
  store.reading = gate.promise;
  const staying: [client: Client, place: number][] = [];
  for (let i = 0; i < 1_000; i++) {
    const place = 100 + i % 7;
    const client = new Client(hub.subscribe(subscription("stream=x", id(place))));
    await client.next();
    if (i % 100 === 0) staying.push([client, place]);
    else await client.leave();
  }
  gate.resolve();
  for (const [client, place] of staying) {
    const ids = (await soon(client.take(23), () => "23 events")).map((event) => event.lastEventId);
    assertEquals(ids, Array.from({ length: 23 }, (_, i) => id(place + 1 + i)));
    await client.leave();
  }
  assertEquals(store.reads.length, 5);
});

Deno.test("SharedLog understands the losses that hubs without numbers have recorded", async () => {
  const { log } = await open([
    oldEntry(101),
    oldEntry(102),
    { place: "105", text: "lost" },
    oldEntry(106),
  ]);
  await using _ = log;
  assertEquals(log.lost, [id(105, "zzzz")]);
  const gone = `gone ${id(105, "zzzz")}`;
  assertEquals(await log.readAll(id(101)), ["x 102", gone, "x 106"]);
  assertEquals(await log.readAll(id(102)), [gone, "x 106"]);
  assertEquals(await log.readAll(id(106)), []);
});

Deno.test("SharedLog reports missing entries by their missing numbers, wherever it reads", async () => {
  const { log, store } = await open([101, 102, 104, 105, 107].map((place) => storedEntry(place)));
  await using _ = log;
  const [first, second] = [104, 107].map((place) => id(place, "0000"));
  assertEquals([log.entries.map(textOf), log.lost], [
    ["x 101", "x 102", "x 104", "x 105", "x 107"],
    [first, second],
  ]);
  const end = ["x 105", `gone ${second}`, "x 107"];
  assertEquals(await log.readAll(id(101)), ["x 102", `gone ${first}`, "x 104", ...end]);
  assertEquals(await log.readAll(id(104)), end);
  store.add(storedEntry(109));
  await log.delivered(6);
  assertEquals(log.lost.slice(2), [id(109, "0000")]);
});

Deno.test("SharedLog reports no missing entries next to entries without numbers", async () => {
  const { log } = await open([storedEntry(101), oldEntry(103), oldEntry(105)]);
  await using _ = log;
  assertEquals(log.lost, []);
  assertEquals(await log.readAll(id(101)), ["x 103", "x 105"]);
});

Deno.test("SharedLog reports a gap if the entry of an id is missing", async () => {
  const { log, store } = await open([101, 104, 106].map(oldEntry));
  await using _ = log;
  assertEquals(await log.readAll(id(102)), [`gone ${id(104, "0000")}`, "x 104", "x 106"]);
  assertEquals(await log.readAll(id(101)), ["x 104", "x 106"]);
  // An id that is not reached yet misses nothing.
  assertEquals(await log.readAll(id(107)), []);
  // Nor does an id whose entries the log has in memory.
  store.entries.splice(1, 1);
  assertEquals(await log.readAll(id(104)), ["x 106"]);
});

Deno.test("SharedLog reports a gap if a page that it knows has lost an entry", async () => {
  const { log, store } = await open(entries(5));
  await using _ = log;
  store.entries.splice(2, 1);
  assertEquals(await log.readAll(id(102)), [`gone ${id(103, "0000")}`, "x 103", "x 104"]);
});

Deno.test("SharedLog has no trimmed entry left, even if it had read the entry", async () => {
  const { log, store } = await open(entries(5), { maxEntries: 3 });
  await using _ = log;
  assertEquals(await log.readAll(id(100)), ["x 101", "x 102", "x 103", "x 104"]);
  await until(() => store.entries.length === 3);
  assertEquals(await log.readAll(id(100)), [`gone ${id(101)}`, "x 102", "x 103", "x 104"]);
  assertEquals(await log.readAll(id(101)), ["x 102", "x 103", "x 104"]);
  store.add(storedEntry(105));
  await until(() => store.entries.length === 3 && store.entries[0]!.place === "103");
  assertEquals(await log.readAll(id(102)), ["x 103", "x 104", "x 105"]);
});

Deno.test("SharedLog still appends while trims fail, and reports the failure once", async () => {
  const store = new ListStore(entries(5));
  const log = new SharedLog(store, { maxEntries: 3 });
  const failures: unknown[] = [];
  const changes: boolean[] = [];
  store.trimming = Promise.reject(new Error("NOPERM"));
  store.trimming.catch(() => {});
  await log.open({
    deliver: () => {},
    lost: () => {},
    reset: () => {},
    changed: (isUp) => changes.push(isUp),
    trimFailed: (reason) => failures.push(`${reason}`),
  });
  await until(() => failures.length > 0);
  const { id: appended } = await log.append("x", [{ data: "x" }]);
  assertEquals([appended, log.isUp, changes], [id(105), true, []]);
  store.trimming = Promise.resolve();
  await until(() => store.entries.length === 3);
  assertEquals(failures, ["Error: NOPERM"]);
  await log.close();
});

Deno.test("SharedLog asks for half as many entries after a read times out, and later for more again", async () => {
  const { log, store } = await open([]);
  await using _ = log;
  let fail = Promise.withResolvers<never>();
  store.following = fail.promise;
  store.add(storedEntry(100));
  await log.delivered(1);
  await until(() => store.nexts.length === 2);
  for (let time = 0; time < 2; time++) {
    const failed = fail;
    fail = Promise.withResolvers();
    store.following = time === 1 ? Promise.resolve() : fail.promise;
    failed.reject(new Error("did not answer"));
    await until(() => store.nexts.length >= 3 + time);
  }
  store.add(storedEntry(101));
  await log.delivered(2);
  assertEquals(store.nexts.slice(1, 4), [100, 50, 25]);
  await until(() => store.nexts.at(-1) === 100);
});

Deno.test("SharedLog skips entries that no hub has written, wherever it reads", async () => {
  const forged = { place: "101", text: "[" };
  const { log } = await open([storedEntry(100), forged, { ...forged, place: "102" }]);
  await using _ = log;
  assertEquals(log.entries.map(textOf), ["x 100"]);
  const page = await log.log.read!(id(100));
  assertEquals([page.entries, page.throughId], [[], id(102, "zzzz")]);
  await assertRejects(
    async () => {
      await log.log.close();
      await log.log.read!(id(100));
    },
    Error,
    "closed",
  );
});

Deno.test("SharedLog reports each reason of an outage once, at most ten, and starts over with the next outage", async () => {
  const store = new ListStore();
  const told: string[] = [];
  const back = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const log = new SharedLog(store);
  let backs = 0;
  await log.open({
    deliver: () => {},
    lost: () => {},
    reset: () => {},
    changed: (isUp, reason) => isUp ? back[backs++]!.resolve() : told.push(`${reason}`),
  });
  for (const reason of ["closed", "refused", "closed", "refused"]) store.fail(reason);
  assertEquals(told, ["closed", "refused"]);
  for (let i = 0; i < 100; i++) store.fail(`refused ${i}`);
  assertEquals([told.length, log.isUp], [10, false]);
  await soon(back[0]!.promise, () => "its return");
  store.fail("closed");
  assertEquals(told.slice(10), ["closed"]);
  await soon(back[1]!.promise, () => "its return");
  await log.close();
});

Deno.test("SharedLog reads on after the connection broke while the log was opening", async () => {
  const store = new ListStore(entries(3));
  const broken = Promise.reject(new Error("broken"));
  broken.catch(() => {});
  store.reading = broken;
  const told: string[] = [];
  const delivered: string[] = [];
  const log = new SharedLog(store);
  await log.open({
    deliver: (entries) => delivered.push(...entries.map(textOf)),
    lost: () => {},
    reset: () => {},
    changed: (isUp, reason) => {
      told.push(isUp ? "back" : `${reason}`);
      store.reading = Promise.resolve();
    },
  });
  assertEquals(delivered, ["x 100", "x 101", "x 102"]);
  assertEquals(told, ["Error: broken", "back"]);
  await log.close();
});
