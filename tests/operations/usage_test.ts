import { assertEquals } from "@std/assert";
import { measureGrowth, type Usage } from "./usage.ts";

const LIMITS = { heapMegabytes: 5, megabytes: 30, files: 5 };

/** Samples of a growing process, one every five seconds for ten minutes. */
function samples(heapMegabytesAnHour: number, scatter = 0): Usage[] {
  return Array.from({ length: 120 }, (_, i) => {
    const hours = i / 720;
    const heapMegabytes = 50 + hours * heapMegabytesAnHour + (i % 2) * scatter;
    return { hours, heapMegabytes, megabytes: 90, files: 33 };
  });
}

Deno.test("measureGrowth() finds growth beyond the limits", () => {
  assertEquals(measureGrowth(samples(6), LIMITS).isTooMuch, true);
});

Deno.test("measureGrowth() finds nothing in growth within the limits, or in scatter", () => {
  assertEquals(measureGrowth(samples(4), LIMITS).isTooMuch, false);
  assertEquals(measureGrowth(samples(6, 20), LIMITS).isTooMuch, false);
});

Deno.test("measureGrowth() ignores growth during the warm-up", () => {
  const warming = samples(0).map((sample) =>
    sample.hours < 1 / 12 ? { ...sample, files: sample.hours * 300 } : sample
  );
  assertEquals(measureGrowth(warming, LIMITS).isTooMuch, false);
});
