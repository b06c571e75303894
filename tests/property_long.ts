import { runSchedules } from "./property.ts";

Deno.test("BroadcastHub gives every client every event once and in order, in 10 000 schedules", async () => {
  await runSchedules(20_261_123, 10_000);
});
