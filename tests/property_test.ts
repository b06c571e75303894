import { runSchedules } from "./property.ts";

Deno.test("BroadcastHub gives every client every event once and in order, in 1 000 schedules", async () => {
  await runSchedules(20_261_123, 1_000);
});
