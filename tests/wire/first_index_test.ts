import { assertEquals, assertLessOrEqual } from "@std/assert";
import { firstIndex, firstIndexNear } from "../../lib/wire/first_index.ts";

for (const search of [firstIndex, firstIndexNear]) {
  Deno.test(`${search.name}() finds every index of every range, and the end where there is none`, () => {
    for (let low = 0; low < 4; low++) {
      for (let high = low; high < 40; high++) {
        for (let first = low; first <= high; first++) {
          assertEquals(search(low, high, (index) => checked(index, low, high) >= first), first);
        }
      }
    }
  });
}

Deno.test("firstIndexNear() makes one call for the next index, and about 2 log2 n calls for an index n ahead", () => {
  assertEquals(questions(1_000, 0), 1);
  for (let first = 1; first <= 1_000; first++) {
    assertLessOrEqual(questions(1_000, first), 2 * Math.log2(first) + 3);
  }
});

function checked(index: number, low: number, high: number): number {
  if (index < low || index >= high) throw new RangeError(`${index} is not in ${low} to ${high}`);
  return index;
}

/** Counts the calls until the search has found the index `first` among `count`. */
function questions(count: number, first: number): number {
  let asked = 0;
  const isPast = (index: number) => (asked++, index >= first);
  assertEquals(firstIndexNear(0, count, isPast), first);
  return asked;
}
