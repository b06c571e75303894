import { assertEquals } from "@std/assert";
import { stagger } from "../../lib/wire/stagger.ts";

Deno.test("stagger() acts on each item once, within the given time", async () => {
  const acted: number[] = [];
  await stagger([1, 2, 3], 10, (item) => acted.push(item));
  assertEquals(acted.toSorted(), [1, 2, 3]);
});

Deno.test({
  name: "stagger() does not act at once where the time is longer than any timer",
  // The timers would fire after days.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    let acted = 0;
    for (const withinMs of [1e15, Infinity]) {
      stagger(Array.from({ length: 100 }), withinMs, () => acted++);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(acted, 0);
  },
});
