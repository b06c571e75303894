import { assertEquals } from "@std/assert";
import { decodeEntry, encodeEntry, encodeItem, EntryIds } from "../../../lib/log/entries.ts";
import { entryNames } from "../../../lib/log/shared/entry_names.ts";
import { encodeLoss } from "../../../lib/log/shared/losses.ts";
import { mulberry32 } from "../../random.ts";

const ids = new EntryIds("epoch", 3);
/** Pieces of an entry's own syntax, and text that could be mistaken for it. */
const PIECES = [
  '],["',
  '["',
  '"',
  "],",
  "[",
  "]",
  "{",
  "}",
  "\\",
  ",",
  "\n",
  "a/b",
  "é",
  "\u2028",
  "\ud800",
];
const NAMES = ["a", "a/b", "x.y_z~-", "0", "user:7@eu", ":", "@/:"];

Deno.test("entryNames() finds the same streams as decodeEntry(), whatever the events contain", () => {
  const random = mulberry32(1);
  const below = (limit: number) => Math.floor(random() * limit);
  const text = () => Array.from({ length: below(6) }, () => PIECES[below(PIECES.length)]!).join("");
  const type = () => text().replaceAll("\n", "") || undefined;
  const itemOf = (stream: string) => {
    const kind = below(8);
    if (kind === 0) return encodeItem(stream);
    const key = `${NAMES[below(NAMES.length)]}],["a"`;
    const event = {
      data: text(),
      ...random() < 0.5 && { event: type() ?? "t" },
      ...random() < 0.3 && { id: key },
      ...random() < 0.3 && { comment: text() },
      ...random() < 0.3 && { retry: below(9) },
    };
    return encodeItem(stream, event, kind === 1 ? true : kind === 2 ? ids.format("009", 1) : false);
  };
  for (let run = 0; run < 20_000; run++) {
    const names = Array.from({ length: 1 + below(5) }, () => NAMES[below(NAMES.length)]!);
    const encoded = encodeEntry(below(1e9), run, names.map(itemOf));
    const old = encoded.replace(/\.[0-9]+/, "");
    const entries = decodeEntry({ place: "00a", text: encoded }, ids, 0);
    const isPlain = entries.every(({ event, isFirst }) => event && !isFirst);
    assertEquals(entries.map(({ stream }) => stream), names, encoded);
    for (const each of [encoded, old]) assertEquals(entryNames(each), { names, isPlain }, each);
  }
});

Deno.test("entryNames() is not misled by unknown fields of an event", () => {
  const event = { data: "x", more: [["a"], ["b", { c: [[], ["d"]] }]] };
  const text = encodeEntry(1, 2, [encodeItem("s", event), encodeItem("t", event)]);
  assertEquals(entryNames(text), { names: ["s", "t"], isPlain: true });
});

Deno.test("entryNames() leaves an entry that does not look like a hub's to decodeEntry()", () => {
  const streams = new Map([["a", ids.zero], ["b", ids.zero]]);
  const loss = { afterId: ids.zero, throughId: ids.zero, streams, number: 1, isMixed: false };
  const texts = [
    "",
    "lost",
    "[]",
    "[1]",
    '[1, ["a",{"data":""}]]',
    '[1.2,["",{"data":""}]]',
    '[1.2,["a",{"data":""}]',
    '["a",{"data":""}],["b",{"data":""}]]',
    encodeEntry(1, 2, [encodeLoss(loss, ids)]),
  ];
  for (const text of texts) assertEquals(entryNames(text), undefined, text);
});

Deno.test("entryNames() takes a text for an item only behind the end of another one", () => {
  const table: [text: string, names: string[] | undefined][] = [
    ['[1.2,["a",{"data":"],["}],["b",{"data":""}]]', ["a", "b"]],
    ['[1.2,["a"],["b c",{}],["d",{}]]', ["a", "d"]],
    ['],["a",{}]]', undefined],
    ['[1.2],["a",{}]]', undefined],
    ['[1.2,["a",{}],["b",{}]', undefined],
  ];
  for (const [text, names] of table) assertEquals(entryNames(text)?.names, names, text);
});
