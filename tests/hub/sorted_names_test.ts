import { assertEquals } from "@std/assert";
import { SortedNames } from "../../lib/hub/sorted_names.ts";
import { mulberry32 } from "../random.ts";

Deno.test("SortedNames.after() begins after a name, whether or not it has that name", () => {
  const names = new SortedNames();
  for (const name of ["b", "d", "a", "c/1", "B"]) names.add(name);
  assertEquals([...names.after("")], ["B", "a", "b", "c/1", "d"]);
  assertEquals([...names.after("a")], ["b", "c/1", "d"]);
  assertEquals([...names.after("c")], ["c/1", "d"]);
  assertEquals([...names.after("d")], []);
  assertEquals([...new SortedNames().after("")], []);
});

Deno.test("SortedNames.add() adds a name once, and delete() removes it", () => {
  const names = new SortedNames();
  for (const name of ["a", "b", "a"]) names.add(name);
  for (const name of ["a", "none"]) names.delete(name);
  assertEquals([...names.after("")], ["b"]);
  names.delete("b");
  names.delete("b");
  assertEquals([...names.after("")], []);
});

for (const seed of [1, 2]) {
  Deno.test(`SortedNames behaves like a sorted array, through 20 000 random steps of seed ${seed}`, () => {
    const random = mulberry32(seed);
    const [names, plain] = [new SortedNames(), new Set<string>()];
    for (let step = 0; step < 20_000; step++) {
      const name = Math.floor(random() * 5_000).toString(36);
      // The set grows for a while, then shrinks.
      const isAdded = random() < (step < 12_000 ? 0.8 : 0.1);
      for (const set of [names, plain]) isAdded ? set.add(name) : set.delete(name);
      if (step % 500 !== 0) continue;
      const after = [...plain].sort().filter((other) => other > name);
      assertEquals([...names.after(name)], after);
    }
  });
}
