import { assertEquals, assertThrows } from "@std/assert";
import { Retention, type RetentionOptions } from "../../lib/log/retention.ts";

/** Entries a to e of 10 bytes each, appended at 100, 200, 300 … */
function keep(options: RetentionOptions): Retention {
  const retention = new Retention(options);
  ["a", "b", "c", "d", "e"].forEach((place, i) => retention.add(place, 10, 100 * i + 100));
  return retention;
}

function dueIds(retention: Retention, nowMs: number): string[] {
  return retention.due(nowMs).map(({ id }) => id);
}

const DUE: [what: string, options: RetentionOptions, nowMs: number, due: string][] = [
  ["nothing within the bounds", {}, 500, ""],
  ["nothing at exactly the number", { maxEntries: 5 }, 500, ""],
  ["the oldest beyond the number", { maxEntries: 3 }, 500, "ab"],
  ["nothing at exactly the size", { maxBytes: 50 }, 500, ""],
  ["the oldest beyond the size, whole entries only", { maxBytes: 35 }, 500, "ab"],
  ["all entries if none fits", { maxBytes: 5 }, 500, "abcde"],
  ["nothing at exactly the age", { maxAgeMs: 400 }, 500, ""],
  ["an older entry", { maxAgeMs: 399 }, 500, "a"],
  ["all older entries", { maxAgeMs: 100 }, 1_000, "abcde"],
  [
    "the entries beyond any of the bounds",
    { maxEntries: 4, maxBytes: 30, maxAgeMs: 350 },
    500,
    "ab",
  ],
];

for (const [what, options, nowMs, due] of DUE) {
  Deno.test(`Retention.due() returns ${what}`, () => {
    assertEquals(dueIds(keep(options), nowMs).join(""), due);
  });
}

Deno.test("Retention.due() returns the same entries until they are dropped", () => {
  const retention = keep({ maxEntries: 2 });
  assertEquals(dueIds(retention, 500), ["a", "b", "c"]);
  assertEquals(dueIds(retention, 500), ["a", "b", "c"]);
  retention.drop(3);
  assertEquals(dueIds(retention, 500), []);
  retention.add("f", 10, 600);
  assertEquals(dueIds(retention, 600), ["d"]);
});

Deno.test("Retention.due() lets entries age from now on if the clock was set back by a year", () => {
  const retention = keep({ maxAgeMs: 100 });
  const yearMs = 31_536_000_000;
  for (const [i, place] of ["f", "g"].entries()) retention.add(place, 10, yearMs + i);
  assertEquals(dueIds(retention, yearMs), ["a", "b", "c", "d", "e"]);
  retention.drop(5);
  assertEquals(dueIds(retention, 1_000), []);
  retention.add("h", 10, 1_001);
  assertEquals(dueIds(retention, 1_100), []);
  assertEquals(dueIds(retention, 1_101), ["f", "g"]);
});

Deno.test("Retention.due() returns nothing without entries", () => {
  const retention = new Retention();
  assertEquals(dueIds(retention, 1e15), []);
  retention.drop(0);
});

Deno.test("Retention rejects bounds that are not above 0", () => {
  for (const options of [{ maxEntries: 0 }, { maxBytes: -1 }, { maxAgeMs: NaN }]) {
    assertThrows(() => new Retention(options), RangeError, Object.keys(options)[0]);
  }
});
