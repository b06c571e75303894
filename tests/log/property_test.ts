import { runLogSchedules } from "./log_schedules.ts";
import { randomRetention, TrimmedList } from "./trimmed_logs.ts";

Deno.test("a hub with a log of many small pages gives every client every event once and in order, in 1 000 schedules", async () => {
  // From one entry per page to all entries in one page.
  await runLogSchedules(1_000, (seed) => {
    return new TrimmedList(randomRetention(seed), 1 + 500 * (seed % 5));
  });
});
