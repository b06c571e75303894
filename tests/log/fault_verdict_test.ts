import { assertEquals } from "@std/assert";
import { encodeEntry, encodeItem, EntryIds, type StoredEntry } from "../../lib/log/entries.ts";
import { PLACE_LENGTH, placeOf } from "../../lib/log/redis/entries.ts";
import { encodeLoss } from "../../lib/log/shared/losses.ts";
import { type Evidence, judge } from "./fault_verdict.ts";
import type { Shown } from "./resuming_client.ts";

const ids = new EntryIds("e", PLACE_LENGTH);
const idOf = (ms: number, index = 1) => ids.format(placeOf(`${ms}-0`), index);

function entry(ms: number, number: number, data = `${ms}`, stream = "x"): StoredEntry {
  const text = encodeEntry(ms, number, [encodeItem(stream, { data })]);
  return { place: placeOf(`${ms}-0`), text, epoch: "e" };
}

function record(ms: number, number: number, after: number, through: number): StoredEntry {
  const loss = {
    afterId: idOf(after),
    throughId: idOf(through),
    streams: new Map([["x", idOf(through)]]),
    number: undefined,
    isMixed: false,
  };
  return { ...entry(ms, number), text: encodeEntry(ms, number, [encodeLoss(loss, ids)]) };
}

/** The connection of a client: a number is an event, a text the name of a control event before a number. */
function shown(from: number, ...all: (number | [string, number])[]): Shown[] {
  let fromId = idOf(from);
  const hello = { type: "hello", data: "{}", fromId, id: fromId };
  return [
    hello,
    ...all.map((one) => {
      const [type, ms] = typeof one === "number" ? ["message", one] as const : one;
      const id = type === "message" || type === "hello" ? idOf(ms) : idOf(ms, 0);
      const data = type === "gap" ? '{"streams":["x"]}' : `${ms}`;
      const event = { type, data, fromId, id };
      fromId = id;
      return event;
    }),
  ];
}

/** Two entries that were kept, and between them two that were lost; the second record tells of the loss. */
const store = {
  entries: [entry(1, 1), entry(2, 2), entry(3, 3)],
  kept: [entry(1, 1), entry(5, 2), record(6, 3, 1, 3), entry(7, 4)],
  acknowledged: new Map([1, 2, 3, 5, 7].map((ms) => [`${ms}`, idOf(ms)])),
};

function judged(all: readonly Shown[], evidence: Partial<Evidence> = {}) {
  const clients = [{ name: "client", streams: ["x"], shown: all }];
  const { lost, doubles, needless, unknowable } = judge({ ...store, clients, ...evidence });
  return [lost.length, doubles.length, needless.length, unknowable.length];
}

Deno.test("judge() accepts clients that got each event once, or a gap in its place", () => {
  assertEquals(judged(shown(1, 2, 3, 5, 7)), [0, 0, 0, 0]);
  assertEquals(judged(shown(1, 2, 5, ["gap", 6], 7)), [0, 0, 0, 0]);
  assertEquals(judged(shown(1, 5, ["gap", 6], 7)), [0, 0, 0, 0]);
});

Deno.test("judge() finds events that are missing without a gap, lost or kept by the store", () => {
  assertEquals(judged(shown(1, 2, 5, 7)), [1, 0, 0, 0]);
  assertEquals(judged(shown(1, 2, 3, 7)), [1, 0, 0, 0]);
  assertEquals(judged(shown(1, 2, ["gap", 3], 5, 7)), [1, 0, 1, 0]);
  // Nobody was told that an event was kept.
  const acknowledged = new Map([["7", idOf(7)]]);
  assertEquals(judged(shown(1, 5, 7), { acknowledged }), [0, 0, 0, 0]);
});

Deno.test("judge() finds events that came twice, unless the store had lost the first with its key", () => {
  assertEquals(judged(shown(1, 2, 2, 3, 5, 7)), [0, 1, 0, 0]);
  assertEquals(judged(shown(1, 3, 2, 5, 7)), [0, 1, 0, 0]);
  const kept = [entry(1, 1), entry(5, 2), entry(8, 3, "3")];
  const again = [...shown(1, 2, 3, 5), {
    type: "message",
    data: "3",
    fromId: idOf(5),
    id: idOf(8),
  }];
  assertEquals(judged(again, { kept, acknowledged: new Map() }), [0, 0, 0, 0]);
});

Deno.test("judge() finds gaps of clients that lacked nothing, and those that no hub could have left out", () => {
  assertEquals(judged(shown(1, 2, 3, 5, ["gap", 6], 7)), [0, 0, 1, 0]);
  // Another client had the same id, and had not received the lost events.
  assertEquals(judged(shown(1, 2, 3, 5, ["hello", 5], ["gap", 6], 7)), [0, 0, 0, 1]);
});
