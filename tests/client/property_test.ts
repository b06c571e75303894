import { assertGreater } from "@std/assert";
import { runSchedules } from "./property.ts";

Deno.test("a client shows the hub's order or says what is missing, in 200 schedules of faults", async () => {
  assertGreater(await runSchedules(20_261_126, 200, 1), 500);
});

Deno.test("five tabs do so while their leaders die, in 100 schedules", async () => {
  assertGreater(await runSchedules(20_261_126, 100, 5), 500);
});
