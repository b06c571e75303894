import { assertEquals } from "@std/assert";
import { History } from "../../lib/history/history.ts";
import { mulberry32 } from "../random.ts";

Deno.test("HistoryReader returns nothing from an empty history, or after the newest event", () => {
  const empty = new History(70, "e-0").reader(0);
  assertEquals([empty.next, empty.read(Infinity, Infinity)], [Infinity, undefined]);
  const atTheEnd = historyOf(3).reader(3);
  assertEquals([atTheEnd.next, atTheEnd.read(Infinity, Infinity)], [Infinity, undefined]);
});

Deno.test("HistoryReader.next is the next position, and read() returns nothing before it", () => {
  const reader = historyOf(3).reader(1);
  assertEquals([reader.next, reader.read(1, Infinity)], [2, undefined]);
  assertEquals([reader.read(2, Infinity)?.through, reader.next], [2, 3]);
  assertEquals([reader.read(9, Infinity)?.through, reader.next], [3, Infinity]);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`HistoryReader reads the same events across slabs as History.slice(), with seed ${seed}`, () => {
    const random = mulberry32(seed);
    const history = historyOf(5_000);
    history.evict({ maxEvents: 4_321, maxBytes: Infinity, maxAgeMs: Infinity }, 0);
    const reader = history.reader(0);
    let through = history.evictedThrough;
    while (reader.next !== Infinity) {
      const options = [through + random() ** 3 * 500, random() * 5_000] as const;
      const slice = reader.read(...options);
      assertEquals(slice, history.slice(through, ...options));
      through = slice?.through ?? through;
      assertEquals(reader.next, history.next(through));
    }
    assertEquals(through, 5_000);
  });
}

/** A history of events of various sizes at the positions 1 to `count`. */
function historyOf(count: number): History {
  const history = new History(0, "e-0");
  for (let position = 1; position <= count; position++) {
    history.append(position, { text: "x".repeat(position % 97), idLength: 0, type: undefined }, 0);
  }
  return history;
}
