import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Batches } from "../../../lib/log/shared/batches.ts";
import type { Item } from "../../../lib/log/entries.ts";
import { macrotask } from "../../wait.ts";

const item = (text: string): Item => ({ text: JSON.stringify(text) });

/** Batches whose writes end when the test ends them. */
function setUp(maxBytes = 1_000) {
  const entries: string[][] = [];
  const writes: PromiseWithResolvers<string>[] = [];
  const batches = new Batches({
    maxBytes,
    maxKeys: 2,
    async write(items) {
      entries.push(items.map(({ text }) => JSON.parse(text)));
      const writing = Promise.withResolvers<string>();
      writes.push(writing);
      const place = await writing.promise;
      return items.map((_, i) => ({ place, index: i + 1 }));
    },
  });
  return { batches, entries, writes };
}

Deno.test("Batches writes items of one turn as one entry", async () => {
  const { batches, entries, writes } = setUp();
  const added = [batches.add([item("a"), item("b")]), batches.add([item("c")])];
  await Promise.resolve();
  writes[0]!.resolve("p1");
  assertEquals(await Promise.all(added), [
    [{ place: "p1", index: 1 }, { place: "p1", index: 2 }],
    [{ place: "p1", index: 3 }],
  ]);
  assertEquals(entries, [["a", "b", "c"]]);
});

Deno.test("Batches writes items that come during a write as the next entry", async () => {
  const { batches, entries, writes } = setUp();
  const first = batches.add([item("a")]);
  await Promise.resolve();
  const rest = [batches.add([item("b")]), batches.add([item("c")])];
  await macrotask();
  assertEquals(entries, [["a"]]);
  writes[0]!.resolve("p1");
  await first;
  await macrotask();
  writes[1]!.resolve("p2");
  assertEquals(await Promise.all(rest), [[{ place: "p2", index: 1 }], [{ place: "p2", index: 2 }]]);
  assertEquals(entries, [["a"], ["b", "c"]]);
  await batches.idle;
});

Deno.test("Batches begins another entry rather than exceed the size of an entry", async () => {
  const { batches, entries, writes } = setUp(100);
  const added = [1, 2, 3].map(() => batches.add([item("x".repeat(40))]));
  for (const [i, place] of ["p1", "p2", "p3"].entries()) {
    await macrotask();
    writes[i]?.resolve(place);
  }
  assertEquals((await Promise.all(added)).map(([placed]) => placed!.place), ["p1", "p2", "p3"]);
  assertEquals(entries.map(({ length }) => length), [1, 1, 1]);
});

Deno.test("Batches rejects items that no entry can hold, counting bytes, and writes the rest", async () => {
  const { batches, writes } = setUp(100);
  for (const text of ["x".repeat(90), "é".repeat(45)]) {
    assertThrows(() => batches.add([item(text)]), RangeError, "takes at most 100 bytes at once");
  }
  const added = batches.add([item("x".repeat(60))]);
  await Promise.resolve();
  writes[0]!.resolve("p1");
  assertEquals(await added, [{ place: "p1", index: 1 }]);
});

Deno.test("Batches rejects a failed entry's items and all waiting items, and then goes on", async () => {
  const { batches, writes } = setUp();
  const failing = [batches.add([item("a")]), batches.add([item("b")])];
  await Promise.resolve();
  failing.push(batches.add([item("c")]));
  writes[0]!.reject(new Error("disk full"));
  for (const added of failing) await assertRejects(() => added, Error, "disk full");
  const next = batches.add([item("d")]);
  await Promise.resolve();
  writes[1]!.resolve("p2");
  assertEquals(await next, [{ place: "p2", index: 1 }]);
});

Deno.test("Batches.idle resolves once everything is written, or at once if nothing is", async () => {
  const { batches, writes } = setUp();
  await batches.idle;
  const added = batches.add([item("a")]);
  let isIdle = false;
  const idle = batches.idle.then(() => isIdle = true);
  await macrotask();
  assertEquals(isIdle, false);
  writes[0]!.resolve("p1");
  await Promise.all([added, idle]);
});
