import { assertEquals } from "@std/assert";
import { Stopwatch } from "../../lib/log/stopwatch.ts";

const CASES: [what: string, monotonicMs: number, wallMs: number, elapsedMs: number][] = [
  ["runs", 2_000, 2_000, 2_000],
  ["was suspended for an hour", 1_000, 3_601_000, 3_601_000],
  ["had its clock set back by an hour", 2_000, -3_598_000, 2_000],
  ["had its clock set forward by an hour", 2_000, 3_602_000, 3_602_000],
];

for (const [what, monotonicMs, wallMs, elapsedMs] of CASES) {
  Deno.test(`Stopwatch.elapsedMs is not too short on a machine that ${what}`, () => {
    const times = [500, 1_800_000_000_000];
    const stopwatch = new Stopwatch([() => times[0]!, () => times[1]!]);
    times[0]! += monotonicMs;
    times[1]! += wallMs;
    assertEquals(stopwatch.elapsedMs, elapsedMs);
    stopwatch.restart();
    assertEquals(stopwatch.elapsedMs, 0);
  });
}
