import { assert, assertEquals } from "@std/assert";
import { encodeEntry, encodeItem, LOSS, type StoredEntry } from "../../lib/log/entries.ts";
import type { EntryStore } from "../../lib/log/entry_store.ts";
import { SharedLog } from "../../lib/log/shared.ts";
import { OpenLog } from "./contract.ts";

const entry = (place: number, data = `${place}`): StoredEntry => ({
  place: `${place}`,
  text: encodeEntry(Date.now(), [encodeItem("x", { data })]),
});
const id = (place: number, index = "0001") => `e-${place}${index}`;

/** A log over entries that are there already, and how many of them it asks for at a time. */
async function open(entries: StoredEntry[]): Promise<{ log: OpenLog; counts: number[] }> {
  const counts: number[] = [];
  const closed = Promise.withResolvers<StoredEntry[]>();
  const store: EntryStore = {
    placeLength: 3,
    maxEntryBytes: 1_000,
    open: () => Promise.resolve("e"),
    write: () => Promise.reject(new Error("nothing is written here")),
    probe: () => Promise.resolve(),
    read(fromPlace, count) {
      counts.push(count);
      return Promise.resolve(entries.filter(({ place }) => place >= fromPlace).slice(0, count));
    },
    next: () => closed.promise,
    trim: () => Promise.resolve(),
    gone: () => Promise.resolve(undefined),
    close: () => Promise.resolve(closed.resolve([])),
  };
  return { log: await OpenLog.open(new SharedLog(store)), counts };
}

Deno.test("SharedLog reads about 64 KiB at a time, however large the entries are", async () => {
  for (const size of [100, 10_000, 200_000]) {
    const { log, counts } = await open(
      Array.from({ length: 300 }, (_, i) => entry(100 + i, "x".repeat(size))),
    );
    await using _ = log;
    assertEquals(log.entries.length, 300);
    counts.length = 0;
    assertEquals((await log.readAll(id(110))).length, 289);
    const most = Math.max(...counts);
    assert(most <= Math.max(2, 65_536 / size), `${most} of ${size}`);
    assert(most >= Math.min(100, 60_000 / size), `${most} of ${size}`);
  }
});

Deno.test("SharedLog says what a store has lost where its own entries say so, and no more", async () => {
  const { log } = await open([entry(101), entry(102), { place: "105", text: LOSS }, entry(106)]);
  await using _ = log;
  assertEquals(log.lost, [id(105, "zzzz")]);
  const gone = `gone ${id(105, "zzzz")}`;
  assertEquals(await log.readAll(id(101)), ["x 102", gone, "x 106"]);
  assertEquals(await log.readAll(id(102)), [gone, "x 106"]);
  assertEquals(await log.readAll(id(106)), []);
});

Deno.test("SharedLog says that there is a gap where the entry of an id is missing", async () => {
  const { log } = await open([entry(101), entry(104)]);
  await using _ = log;
  assertEquals(await log.readAll(id(102)), [`gone ${id(104, "0000")}`, "x 104"]);
  assertEquals(await log.readAll(id(101)), ["x 104"]);
  // What is yet to come is missing nothing.
  assertEquals(await log.readAll(id(105)), []);
});
