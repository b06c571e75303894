import { assertEquals } from "@std/assert";
import { deliveredEvent, endAfter, isCounted, type KnownStream } from "../../lib/log/entry_rule.ts";
import type { LogEntry } from "../../lib/log/event_log.ts";
import { reservedTypes } from "../../lib/wire/control_events.ts";
import { entry } from "../scripted_log.ts";

const end = { ...entry(3), event: undefined };
const first = (number: number, seenId?: string) => ({ ...entry(number), isFirst: true, seenId });

const ends: [string, string | undefined, LogEntry, string | undefined][] = [
  ["an event leaves a stream open", undefined, entry(1), undefined],
  ["an end ends a stream", undefined, end, "e-3"],
  ["an event after an end changes nothing", "e-3", entry(4), "e-3"],
  ["a second end changes nothing", "e-2", end, "e-2"],
  ["a first event begins the stream anew", "e-3", first(4), undefined],
  [
    "a first event begins the stream anew if its publisher saw the end",
    "e-3",
    first(5, "e-3"),
    undefined,
  ],
  ["a first event changes nothing if its publisher missed the end", "e-3", first(5, "e-2"), "e-3"],
];
for (const [name, before, what, after] of ends) {
  Deno.test(`endAfter(): ${name}`, () => {
    assertEquals(endAfter(before, what), after);
  });
}

const plain: KnownStream = { isEphemeral: false, idOfKey: () => undefined };
const keyed = (id: string): KnownStream => ({ ...plain, idOfKey: () => id });

const withKey = { ...entry(4), event: { id: "key", data: "4" } };

const counts: [string, LogEntry, string | undefined, KnownStream, boolean][] = [
  ["an event", entry(4), undefined, plain, true],
  ["an event without a key", entry(4), undefined, keyed("e-3"), true],
  ["an end", end, undefined, plain, false],
  ["an event of a stream that has ended", entry(4), "e-3", plain, false],
  [
    "an event of a stream that is ephemeral",
    entry(4),
    undefined,
    { ...plain, isEphemeral: true },
    false,
  ],
  ["an event whose key an earlier event has", withKey, undefined, keyed("e-3"), false],
  ["the first event with a key", withKey, undefined, keyed("e-4"), true],
  ["an event whose key only a later event has", withKey, undefined, keyed("e-5"), true],
  [
    "an event that the log found unique",
    { ...withKey, isUnique: true },
    undefined,
    keyed("e-3"),
    true,
  ],
];
for (const [name, what, endId, stream, expected] of counts) {
  Deno.test(`isCounted(): ${name} ${expected ? "counts" : "does not count"}`, () => {
    assertEquals(isCounted(what, endId, stream), expected);
  });
}

Deno.test("deliveredEvent() renames reserved types, and no others", () => {
  for (const type of reservedTypes) {
    const event = { event: type, data: "x", id: "key" };
    assertEquals(deliveredEvent(event), { ...event, event: `app:${type}` });
  }
  for (const event of [{ data: "x" }, { event: "", data: "x" }, { event: "price", data: "x" }]) {
    assertEquals(deliveredEvent(event), event);
  }
});
