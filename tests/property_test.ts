import { runSchedule } from "./property.ts";

const FIRST_SEED = 20_261_123;

Deno.test("BroadcastHub shows every client its order, whole and once, in 10 000 schedules", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + 10_000; seed++) {
    try {
      await runSchedule(seed);
    } catch (error) {
      throw new Error(`Schedule ${seed} failed: run deno task property 1 ${seed}`, {
        cause: error,
      });
    }
  }
});
