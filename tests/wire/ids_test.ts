import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { encodeChecked } from "../../lib/wire/event.ts";
import { compareIds, decodeId, idOffset, laterId, randomEpoch } from "../../lib/wire/ids.ts";

Deno.test("compareIds() puts a shorter id first, and compares others as text", () => {
  const sorted = ["e-9", "e-a", "e-10", "e-11"];
  assertEquals(sorted.toReversed().sort(compareIds), sorted);
  assertEquals(compareIds("e-9", "e-9"), 0);
});

Deno.test("laterId() returns the later of two ids, and the first if the other is undefined", () => {
  assertEquals([laterId("e-9", "e-10"), laterId("e-10", "e-9")], ["e-10", "e-10"]);
  assertEquals(laterId("e-9", undefined), "e-9");
});

Deno.test("randomEpoch() makes different letters and digits each time", () => {
  assertMatch(randomEpoch(), /^[0-9a-z]{1,10}$/);
  assertNotEquals(randomEpoch(), randomEpoch());
});

for (
  const [name, comment, data] of [
    ["ASCII", "before", "after"],
    ["two bytes a character", "ééé", "é"],
    ["three bytes a character", "€€€", "€€€€€€€€€€"],
    ["four bytes a character", "😀😀😀😀😀😀", "😀"],
    ["a long text behind it", "€", "😀".repeat(1_000)],
    ["a long text before it", "😀".repeat(1_000), "€"],
  ] as const
) {
  Deno.test(`decodeId() at idOffset() finds the id among ${name}`, () => {
    const event = encodeChecked({ comment, data }, "epoch-17");
    const bytes = new TextEncoder().encode(event.text);
    assertEquals(decodeId(bytes, idOffset(event, bytes.length)), "epoch-17");
    assertEquals(event.idLength, 8);
  });
}
