import { assertEquals } from "@std/assert";
import { EntryIds } from "../../../lib/log/entries.ts";
import { Losses } from "../../../lib/log/shared/losses.ts";
import { PageIndex } from "../../../lib/log/shared/page_index.ts";
import { PageReader } from "../../../lib/log/shared/page_reader.ts";
import { ListStore, storedEntry } from "../list_store.ts";

Deno.test("PageReader reports entries that were trimmed from a page while the read was waiting", async () => {
  const ids = new EntryIds("e", 3);
  const idOf = (place: number) => ids.format(`${place}`, 1);
  const store = new ListStore([101, 102, 103].map((place) => storedEntry(place)));
  const index = new PageIndex(1_000);
  for (const place of [101, 102, 103]) {
    index.add({ afterId: idOf(place - 1), id: idOf(place), length: 50, streams: ["x"] });
  }
  const reader = new PageReader({ store, ids, index, losses: new Losses(), isUp: () => true });
  const { promise, resolve } = Promise.withResolvers<void>();
  store.reading = promise;
  // The most reads that run at a time, each from another place.
  const others = [1, 2, 3, 4].map((place) => reader.read(ids.format(`00${place}`, 1)));
  const page = reader.read(idOf(100));
  await store.trim([{ place: "101" }], ids.withoutEpoch(idOf(101)));
  index.drop([idOf(101)]);
  resolve();
  const { entries, goneThrough } = await page;
  assertEquals([entries.map(({ id }) => id), goneThrough], [[idOf(102), idOf(103)], idOf(101)]);
  await Promise.all(others);
});
