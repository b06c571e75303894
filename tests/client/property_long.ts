import { runSchedules } from "./property.ts";

Deno.test("a client shows the hub's order or says what is missing, in 5 000 schedules of faults", async () => {
  await runSchedules(1, 5_000, 1);
});

Deno.test("five tabs do so while their leaders die, in 3 000 schedules", async () => {
  await runSchedules(1, 3_000, 5);
});
