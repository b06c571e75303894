import { assertEquals } from "@std/assert";
import {
  decodeEntry,
  encodeEntry,
  encodeItem,
  EntryIds,
  entryNumber,
  entryTimeMs,
} from "../../lib/log/entries.ts";

const ids = new EntryIds("epoch", 3);

function decode(text: string) {
  return decodeEntry({ place: "00a", text }, ids, 1_000);
}

Deno.test("decodeEntry() returns the items given to encodeEntry(), with ids and ages", () => {
  const event = { data: " \ud800\r\n\u2028", event: "e", id: "k", retry: 0, comment: "" };
  const items = [
    encodeItem("a/b:c@d", event, true),
    encodeItem("c", { data: "" }),
    encodeItem("c"),
  ];
  const text = encodeEntry(900, 120, items);
  const expected = (isUnique: boolean) =>
    [
      { id: "epoch-00a0001", stream: "a/b:c@d", event, isFirst: true },
      { id: "epoch-00a0002", stream: "c", event: { data: "" }, isFirst: false },
      { id: "epoch-00a0003", stream: "c", event: undefined, isFirst: false },
    ].map((entry) => ({ ...entry, seenId: undefined, ageMs: 100, isUnique, leftOut: undefined }));
  assertEquals(decode(text), expected(true));
  const stored = { place: "00a", text };
  assertEquals([entryTimeMs(stored), entryNumber(stored)], [900, 120]);
  // An entry as hubs without numbers write it.
  const old = { place: "00a", text: text.replace(".120", "") };
  assertEquals(decode(old.text), expected(false));
  assertEquals([entryTimeMs(old), entryNumber(old)], [900, undefined]);
});

Deno.test("decodeEntry() returns the newest id that the hub of a first event had seen", () => {
  const seenIds = (first: unknown) =>
    decode(`[900,["a",{"data":""},${JSON.stringify(first)}]]`).map((entry) => [
      entry.isFirst,
      entry.seenId,
    ]);
  const item = encodeItem("a", { data: "" }, ids.format("009", 2));
  assertEquals(decode(encodeEntry(900, 1, [item]))[0]!.seenId, ids.format("009", 2));
  // Entries of earlier versions, and ids that are invalid here.
  for (const first of [1, true, "other-0090002", ""]) {
    assertEquals(seenIds(first), [[true, undefined]]);
  }
});

Deno.test("decodeEntry() never returns a negative age, even if clocks differ", () => {
  assertEquals(decode(encodeEntry(5_000, 1, [encodeItem("a")]))[0]!.ageMs, 0);
});

Deno.test("decodeEntry() returns nothing for an entry that no hub has written", () => {
  const texts = [
    "",
    "{}",
    "null",
    "[]",
    '["now",["a",{"data":"x"}]]',
    '[900,["",{"data":"x"}]]',
    '[900,["a/../b",{"data":"x"}]]',
    '[900,["a",{"data":5}]]',
    '[900,["a",{"event":"x\\ny","data":""}]]',
    '[900,["a",null]]',
    '[900,["a",{}]]',
    "[900,5]",
    '[900,[{"toString":1},{"data":"x"}]]',
    '[900,["good",{"data":"x"}],["b",{"id":"\\n"}]]',
  ];
  for (const text of texts) assertEquals(decode(text), [], text);
});

Deno.test("EntryIds.before() returns an id of the same entry, after all earlier ids", () => {
  const first = ids.format("00b", 1);
  assertEquals(ids.before(first), ids.format("00b", 0));
  assertEquals(ids.before(ids.format("00b", 2)), first);
  assertEquals(ids.before(ids.before(first)), ids.format("00b", 0));
  assertEquals(ids.after("00a") < ids.before(first), true);
});

Deno.test("EntryIds orders the ids of an entry, between the ids of neighbouring entries", () => {
  const [before, after] = [ids.format("009", 40_000), ids.format("00b", 1)];
  const own = [ids.format("00a", 0), ids.format("00a", 1), ids.format("00a", 37), ids.after("00a")];
  assertEquals([before, ...own, after].sort(), [before, ...own, after]);
  assertEquals(ids.zero < before, true);
  for (const id of [before, ...own, after, ids.zero]) assertEquals(ids.has(id), true, id);
  assertEquals([ids.placeOf(before), ids.placeOf(own[2]!)], ["009", "00a"]);
});

Deno.test("entryTimeMs() and entryNumber() read only what a hub writes", () => {
  const table: [text: string, timeMs: number, number: number | undefined][] = [
    ['[12.7,["s"]]', 12, 7],
    ["[12.7]", 12, 7],
    ['[12,["s"]]', 12, undefined],
    ["[12.]", 12, undefined],
    ["[12.7", 12, undefined],
    ["[12.7 ]", 12, undefined],
    ["[.7]", 0, undefined],
    ["[-1.7]", 0, undefined],
    ["12.7]", 0, undefined],
    ["[", 0, undefined],
    ["", 0, undefined],
  ];
  for (const [text, timeMs, number] of table) {
    const stored = { place: "00a", text };
    assertEquals([entryTimeMs(stored), entryNumber(stored)], [timeMs, number], text);
  }
});
