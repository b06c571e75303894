import { assertLess } from "@std/assert";
import { firstMinuteOf, mostIn } from "./herd.ts";

Deno.test("1 000 clients whose server dies spread their attempts, each less than one a second", async () => {
  const attempts = await firstMinuteOf(1_000);
  assertLess(Math.max(...attempts.map(({ length }) => length)), 60);
  // In the first half second all come for the first time; nobody comes with more than a few others.
  assertLess(mostIn(10, attempts.flat()), 60);
  assertLess(attempts.flat().length / 1_000 / 60, 0.2);
});
