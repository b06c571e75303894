import { assertEquals } from "@std/assert";
import { EndCounter } from "../../lib/hub/counters.ts";

Deno.test("EndCounter counts ends by reason, and what was sent until then", () => {
  const counter = new EndCounter();
  for (const reason of ["left", "slow", "left"] as const) {
    counter.count({ reason, events: 2, bytes: 100, durationMs: 1 });
  }
  const { left, slow, ...others } = counter.counts;
  assertEquals([left, slow, counter.events, counter.bytes], [2, 1, 6, 300]);
  assertEquals(Object.values(others), [0, 0, 0, 0, 0]);
});
