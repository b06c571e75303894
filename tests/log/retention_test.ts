import { assertEquals, assertThrows } from "@std/assert";
import { Retention, type RetentionOptions } from "../../lib/log/retention.ts";

/** Entries a to e of 10 bytes each, appended at 100, 200, 300 … */
function keep(options: RetentionOptions): Retention {
  const retention = new Retention(options);
  ["a", "b", "c", "d", "e"].forEach((place, i) => retention.add(place, 10, 100 * i + 100));
  return retention;
}

const DUE: [what: string, options: RetentionOptions, nowMs: number, due: string][] = [
  ["nothing within the bounds", {}, 500, ""],
  ["nothing where there are just as many as may be", { maxEntries: 5 }, 500, ""],
  ["the oldest where there are more", { maxEntries: 3 }, 500, "ab"],
  ["nothing of just the size", { maxBytes: 50 }, 500, ""],
  ["the oldest beyond the size, whole", { maxBytes: 35 }, 500, "ab"],
  ["all where not one fits", { maxBytes: 5 }, 500, "abcde"],
  ["nothing of just the age", { maxAgeMs: 400 }, 500, ""],
  ["what is older", { maxAgeMs: 399 }, 500, "a"],
  ["all that is older", { maxAgeMs: 100 }, 1_000, "abcde"],
  ["what exceeds any of the bounds", { maxEntries: 4, maxBytes: 30, maxAgeMs: 350 }, 500, "ab"],
];

for (const [what, options, nowMs, due] of DUE) {
  Deno.test(`Retention.due() is ${what}`, () => {
    assertEquals(keep(options).due(nowMs).join(""), due);
  });
}

Deno.test("Retention.due() is the same until it is dropped, then nothing", () => {
  const retention = keep({ maxEntries: 2 });
  assertEquals(retention.due(500), ["a", "b", "c"]);
  assertEquals(retention.due(500), ["a", "b", "c"]);
  retention.drop(3);
  assertEquals(retention.due(500), []);
  retention.add("f", 10, 600);
  assertEquals(retention.due(600), ["d"]);
});

Deno.test("Retention.due() is what ages from now on, where the clock was set back by a year", () => {
  const retention = keep({ maxAgeMs: 100 });
  const yearMs = 31_536_000_000;
  for (const [i, place] of ["f", "g"].entries()) retention.add(place, 10, yearMs + i);
  assertEquals(retention.due(yearMs), ["a", "b", "c", "d", "e"]);
  retention.drop(5);
  assertEquals(retention.due(1_000), []);
  retention.add("h", 10, 1_001);
  assertEquals(retention.due(1_100), []);
  assertEquals(retention.due(1_101), ["f", "g"]);
});

Deno.test("Retention begins with nothing due", () => {
  const retention = new Retention();
  assertEquals(retention.due(1e15), []);
  retention.drop(0);
});

Deno.test("Retention refuses bounds that are not above 0", () => {
  for (const options of [{ maxEntries: 0 }, { maxBytes: -1 }, { maxAgeMs: NaN }]) {
    assertThrows(() => new Retention(options), RangeError, Object.keys(options)[0]);
  }
});
