import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertStrictEquals,
} from "@std/assert";
import { encodeChecked, type EncodedEvent } from "../../lib/wire/event.ts";
import { History, type HistoryBounds } from "../../lib/history/history.ts";
import type { Slice } from "../../lib/history/slab.ts";
import { mulberry32 } from "../random.ts";

Deno.test("History begins empty at the position it is given", () => {
  const history = new History(70, "e-0");
  assertEquals(figures(history), { events: 0, bytes: 0, evictedThrough: 70, newest: 70 });
});

Deno.test("History returns no events from before the position it began at", () => {
  const history = new History(70, "e-0");
  assertEquals(history.next(0), Infinity);
  assertEquals(history.slice(0, Infinity, Infinity), undefined);
  assertEquals(history.before(1), 70);
});

Deno.test("History.append() counts events and bytes", () => {
  const history = historyOf("a", "bb", "ccc");
  assertEquals(figures(history), { events: 3, bytes: 6, evictedThrough: 0, newest: 30 });
});

Deno.test("History.append() returns the size of the encoded text", () => {
  const history = new History(0, "e-0");
  const sizes = ["", "a", "é", "€", "🙂", "\ud800"].map((text, i) =>
    history.append(i + 1, withoutId(text), 0)
  );
  assertEquals(sizes, [0, 1, 2, 3, 4, 3]);
  assertEquals(textOf(history.slice(0, Infinity, Infinity)), "aé€🙂\ufffd");
});

Deno.test("History.evict() knows ages across more milliseconds than 32 bits can count", () => {
  const history = new History(0, "e-0");
  for (const [i, timeMs] of [0, 2 ** 32 - 1, 2 ** 32, 2 ** 33].entries()) {
    history.append(i + 1, withoutId(`${i}`), timeMs);
  }
  evict(history, { maxAgeMs: 2 ** 32 }, 2 ** 33);
  assertEquals(slicesOf(history, 0, Infinity).map(textOf).join(""), "23");
});

Deno.test("History.append() continues from the position the history began at", () => {
  const history = new History(70, "e-0");
  history.append(80, withoutId("a"), 0);
  assertEquals(figures(history), { events: 1, bytes: 1, evictedThrough: 70, newest: 80 });
  assertEquals(textOf(history.slice(70, Infinity, Infinity)), "a");
});

const CURSORS: [who: string, cursor: number, next: number, text: string][] = [
  ["whose last event was evicted long ago", 0, 30, "ccc|dddd"],
  ["that saw the event before the last evicted", 10, 30, "ccc|dddd"],
  ["whose last event is the last evicted", 20, 30, "ccc|dddd"],
  ["between the last evicted and the oldest kept", 25, 30, "ccc|dddd"],
  ["that has the oldest kept", 30, 40, "dddd"],
  ["between two events", 35, 40, "dddd"],
  ["that is up to date", 40, Infinity, ""],
  ["that is ahead", 45, Infinity, ""],
  ["that is endlessly ahead", Infinity, Infinity, ""],
];

for (const [who, cursor, next, text] of CURSORS) {
  const what = text ? "the missing events" : "nothing";

  Deno.test(`History.slice() returns ${what} to a client ${who}`, () => {
    const history = historyOf("a", "bb|", "ccc|", "dddd");
    evict(history, { maxEvents: 2 });
    assertEquals(textOf(history.slice(cursor, Infinity, Infinity)), text);
  });

  Deno.test(`History.next() finds ${next} for a client ${who}`, () => {
    const history = historyOf("a", "bb|", "ccc|", "dddd");
    evict(history, { maxEvents: 2 });
    assertEquals(history.next(cursor), next);
  });
}

Deno.test("History.slice() returns the number of its events and the position of the last one", () => {
  const { bytes, events, through } = historyOf("a", "bb", "ccc").slice(10, Infinity, Infinity)!;
  assertEquals({ bytes, events, through }, { bytes: utf8("bbccc"), events: 2, through: 30 });
});

const SLICES: [does: string, cursor: number, through: number, maxBytes: number, text: string][] = [
  ["ends with the event at through", 0, 20, Infinity, "abb"],
  ["ends before an event past through", 0, 29, Infinity, "abb"],
  ["returns nothing up to a place before the oldest", 0, 9, Infinity, ""],
  ["returns nothing up to its own cursor", 10, 10, Infinity, ""],
  ["returns nothing up to a place before its cursor", 20, 10, Infinity, ""],
  ["holds as many events as fit maxBytes", 0, Infinity, 5, "abb"],
  ["holds events that just fit maxBytes", 0, Infinity, 6, "abbccc"],
  ["holds at least one event, larger than maxBytes", 20, Infinity, 2, "ccc"],
  ["holds at least one event with maxBytes of 0", 0, Infinity, 0, "a"],
  ["adds no event behind one larger than maxBytes", 10, Infinity, 1, "bb"],
  ["keeps to through where more would fit", 0, 10, 6, "a"],
];

for (const [does, cursor, through, maxBytes, text] of SLICES) {
  Deno.test(`History.slice() ${does}`, () => {
    assertEquals(textOf(historyOf("a", "bb", "ccc").slice(cursor, through, maxBytes)), text);
  });
}

Deno.test("History.slice() measures maxBytes from the cursor on", () => {
  const history = historyOf("a", "bb", "ccc", "dddd");
  assertEquals(textOf(history.slice(10, Infinity, 5)), "bbccc");
  evict(history, { maxEvents: 3 });
  assertEquals(textOf(history.slice(0, Infinity, 5)), "bbccc");
});

Deno.test("History.slice() returns all of a long history when each call begins where the last one ended", () => {
  const texts = Array.from({ length: 5_000 }, (_, index) => `event ${index}\n`);
  const history = historyOf(...texts);
  for (const maxBytes of [0, 10, 1_000, 65_536, Infinity]) {
    const slices = slicesOf(history, 0, maxBytes);
    assertEquals(slices.map(textOf).join(""), texts.join(""));
    assertEquals(slices.reduce((sum, { events }) => sum + events, 0), 5_000);
  }
});

Deno.test("History.slice() returns a long history in few views", () => {
  const history = historyOf(...Array(10_000).fill("x".repeat(100)));
  const slices = slicesOf(history, 0, 65_536);
  assertLess(slices.length, 60);
  for (const { bytes } of slices) assertLessOrEqual(bytes.length, 65_536);
});

Deno.test("History.append() takes 1 KiB for a few small events", () => {
  const { bytes } = historyOf("a", "bb", "ccc").slice(0, Infinity, Infinity)!;
  assertEquals(bytes.buffer.byteLength, 1_024);
});

Deno.test("History.append() takes no more than 64 KiB at once for many small events", () => {
  const history = historyOf(...Array(10_000).fill("x".repeat(100)));
  const sizes = slicesOf(history, 0, Infinity).map(({ bytes }) => bytes.buffer.byteLength);
  assertEquals(Math.max(...sizes), 65_536);
});

Deno.test("History.slice() copies nothing", () => {
  const history = historyOf("a", "bb", "ccc");
  const [all, rest] = [history.slice(0, 30, Infinity)!, history.slice(10, 30, Infinity)!];
  assertStrictEquals(all.bytes.buffer, rest.bytes.buffer);
});

Deno.test("History.slice() returns an event larger than 64 KiB between small ones", () => {
  const large = "x".repeat(200_000);
  const history = historyOf("a", large, "b");
  assertEquals(history.bytes, 200_002);
  assertEquals(slicesOf(history, 0, 65_536).map(textOf).join(""), `a${large}b`);
  assertEquals(history.slice(10, Infinity, 65_536)?.events, 1);
  assertEquals(textOf(history.slice(20, Infinity, 65_536)), "b");
});

Deno.test("History.slice() returns events that fill a slab exactly, or exceed it by a byte", () => {
  for (const size of [1_023, 1_024, 1_025, 65_535, 65_536, 65_537]) {
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(size));
    const slices = slicesOf(historyOf(...texts), 0, Infinity);
    assertEquals(slices.map(textOf).join(""), texts.join(""));
  }
});

Deno.test("History never overwrites a view it has returned", () => {
  const history = historyOf("a".repeat(300), "b".repeat(300));
  const view = history.slice(0, Infinity, Infinity)!.bytes;
  for (let position = 30; position < 1_000; position++) {
    history.append(position, withoutId("x".repeat(300)), 0);
    evict(history, { maxEvents: 2 });
  }
  history.clear();
  history.append(1_000, withoutId("y".repeat(300)), 0);
  assertEquals(textOf({ bytes: view }), "a".repeat(300) + "b".repeat(300));
});

Deno.test("History never overwrites a view of a slab that is appended to later", () => {
  const history = historyOf("a", "bb");
  const view = history.slice(0, Infinity, Infinity)!.bytes;
  evict(history, { maxEvents: 0 });
  history.append(30, withoutId("ccc"), 0);
  assertEquals(textOf({ bytes: view }), "abb");
  assertEquals(textOf(history.slice(0, Infinity, Infinity)), "bbccc");
});

const BEFORE: [count: number, position: number, text: string][] = [
  [0, 40, ""],
  [1, 30, "dddd"],
  [2, 20, "cccdddd"],
  [3, 10, "bbcccdddd"],
  [4, 10, "bbcccdddd"],
  [Infinity, 10, "bbcccdddd"],
];

for (const [count, position, text] of BEFORE) {
  Deno.test(`History.before(${count}) is ${position} where 20, 30 and 40 are kept`, () => {
    const history = historyOf("a", "bb", "ccc", "dddd");
    evict(history, { maxEvents: 3 });
    assertEquals(history.before(count), position);
    assertEquals(textOf(history.slice(position, Infinity, Infinity)), text);
  });
}

Deno.test("History.before() reaches across slabs, also after eviction", () => {
  const history = historyOf(...Array(200).fill("x".repeat(100)));
  for (const kept of [200, 199, 195, 100, 7, 1]) {
    evict(history, { maxEvents: kept });
    for (let count = 0; count <= kept + 1; count++) {
      assertEquals(history.before(count), 2_000 - 10 * Math.min(count, kept));
    }
  }
});

Deno.test("History.before() of an empty history is the position it began at", () => {
  const history = new History(70, "e-0");
  assertEquals([0, 1, Infinity].map((count) => history.before(count)), [70, 70, 70]);
});

const EVICTIONS: [does: string, bounds: Partial<HistoryBounds>, nowMs: number, text: string][] = [
  ["keeps everything without bounds", {}, 1e15, "abbccc"],
  ["keeps as many events as maxEvents", { maxEvents: 3 }, 0, "abbccc"],
  ["drops the oldest beyond maxEvents", { maxEvents: 2 }, 0, "bbccc"],
  ["keeps the newest with maxEvents of 1", { maxEvents: 1 }, 0, "ccc"],
  ["keeps the newest with maxEvents of 0", { maxEvents: 0 }, 0, "ccc"],
  ["keeps as many bytes as maxBytes", { maxBytes: 6 }, 0, "abbccc"],
  ["drops the oldest beyond maxBytes", { maxBytes: 5 }, 0, "bbccc"],
  ["drops as many as maxBytes needs", { maxBytes: 4 }, 0, "ccc"],
  ["keeps the newest although it exceeds maxBytes", { maxBytes: 2 }, 0, "ccc"],
  ["keeps the newest with maxBytes of 0", { maxBytes: 0 }, 0, "ccc"],
  ["keeps events as old as maxAgeMs", { maxAgeMs: 50 }, 150, "abbccc"],
  ["drops an event older than maxAgeMs", { maxAgeMs: 50 }, 151, "bbccc"],
  ["drops all events older than maxAgeMs", { maxAgeMs: 50 }, 251, "ccc"],
  ["drops even the newest event when older than maxAgeMs", { maxAgeMs: 50 }, 351, ""],
  ["keeps an event without age with maxAgeMs of 0", { maxAgeMs: 0 }, 300, "ccc"],
  ["applies maxEvents where maxAgeMs would allow more", { maxEvents: 1, maxAgeMs: 50 }, 150, "ccc"],
  ["applies maxAgeMs where maxEvents would allow more", { maxEvents: 2, maxAgeMs: 50 }, 251, "ccc"],
  ["applies maxBytes where maxEvents would allow more", { maxEvents: 2, maxBytes: 3 }, 0, "ccc"],
];

for (const [does, bounds, nowMs, text] of EVICTIONS) {
  Deno.test(`History.evict() ${does}`, () => {
    const history = historyOf("a", "bb", "ccc");
    evict(history, bounds, nowMs);
    const [events, evictedThrough] = { abbccc: [3, 0], bbccc: [2, 10], ccc: [1, 20] }[text] ??
      [0, 30];
    assertEquals(figures(history), { events, bytes: text.length, evictedThrough, newest: 30 });
    assertEquals(textOf(history.slice(0, Infinity, Infinity)), text);
  });
}

Deno.test("History.evict() leaves an empty history as it is", () => {
  const history = new History(70, "e-0");
  evict(history, { maxEvents: 0, maxBytes: 0, maxAgeMs: 0 }, 1e15);
  assertEquals(figures(history), { events: 0, bytes: 0, evictedThrough: 70, newest: 70 });
});

Deno.test("History.evict() drops across slabs", () => {
  const history = historyOf(...Array(1_000).fill("x".repeat(100)));
  evict(history, { maxBytes: 12_345 });
  assertEquals(figures(history), {
    events: 123,
    bytes: 12_300,
    evictedThrough: 8_770,
    newest: 10_000,
  });
  assertEquals(history.next(0), 8_780);
});

Deno.test("History.evict() makes room for a newest event that exceeds maxBytes alone", () => {
  const history = historyOf("a", "bb", "x".repeat(100_000));
  evict(history, { maxBytes: 1_000 });
  assertEquals(figures(history), { events: 1, bytes: 100_000, evictedThrough: 20, newest: 30 });
});

Deno.test("History.append() continues after every event was evicted for its age", () => {
  const history = historyOf("a", "bb");
  evict(history, { maxAgeMs: 0 }, 1_000);
  history.append(30, withoutId("ccc"), 1_000);
  assertEquals(figures(history), { events: 1, bytes: 3, evictedThrough: 20, newest: 30 });
  assertEquals(textOf(history.slice(0, Infinity, Infinity)), "ccc");
});

Deno.test("History.clear() drops everything but the newest position", () => {
  const history = historyOf("a", "bb");
  history.clear();
  assertEquals(figures(history), { events: 0, bytes: 0, evictedThrough: 20, newest: 20 });
  assertEquals(history.next(0), Infinity);
  assertEquals(history.slice(0, Infinity, Infinity), undefined);
  assertEquals(history.before(1), 20);
});

Deno.test("History.append() continues after clear()", () => {
  const history = historyOf("a", "bb");
  history.clear();
  history.append(30, withoutId("ccc"), 0);
  assertEquals(figures(history), { events: 1, bytes: 3, evictedThrough: 20, newest: 30 });
  assertEquals(textOf(history.slice(0, Infinity, Infinity)), "ccc");
});

Deno.test("History.clear() leaves an empty history as it is", () => {
  const history = new History(70, "e-0");
  history.clear();
  assertEquals(figures(history), { events: 0, bytes: 0, evictedThrough: 70, newest: 70 });
});

const IDS: [id: string, position: number][] = [
  ["e-5", 19],
  ["e-9", 19],
  ["e-19", 19],
  ["e-20", 20],
  ["e-25", 20],
  ["e-30", 30],
  ["e-39", 30],
  ["e-40", 40],
  ["e-41", 40],
  ["e-100", 40],
];

for (const [id, position] of IDS) {
  Deno.test(`History.positionOf(${id}) is ${position} where 30 and 40 are kept`, () => {
    const history = historyWithIds(4);
    evict(history, { maxEvents: 2 });
    assertEquals(history.evictedId, "e-20");
    assertEquals(history.positionOf(id), position);
  });
}

Deno.test("History.idOf() is the id of the newest event up to a position", () => {
  const history = historyWithIds(4);
  evict(history, { maxEvents: 2 });
  assertEquals([20, 29, 30, 39, 40, Infinity].map((position) => history.idOf(position)), [
    ...["e-20", "e-20", "e-30", "e-30", "e-40", "e-40"],
  ]);
});

for (const near of ["", "a", "é", "€", "🙂", "\ud800", "🙂\ud800\udc00é".repeat(30), "\udc00"]) {
  Deno.test(`History.idOf() reads the id between texts of ${JSON.stringify(near)}`, () => {
    const before = encodeChecked({ comment: near, event: near, id: "e-10", data: "x" });
    const behind = encodeChecked({ event: "x", id: "e-20", data: near });
    const both = encodeChecked({ comment: near, id: "e-30", data: near });
    const history = historyOfEvents([before, behind, both]);
    assertEquals([10, 20, 30].map((position) => history.idOf(position)), ["e-10", "e-20", "e-30"]);
  });
}

Deno.test("History.idOf() reads an id at its recorded place, without a search", () => {
  const history = historyOfEvents([{ text: "id: e-1\nid: e-2\n\n", idLength: 3, type: undefined }]);
  assertEquals(history.idOf(10), "e-2");
});

Deno.test("History distinguishes positions beyond 32 bits", () => {
  const positions = [1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 2 ** 53 - 1];
  const history = new History(0, "e-0");
  for (const position of positions) history.append(position, withoutId("x"), 0);
  assertEquals(positions.map((position) => history.next(position - 1)), positions);
  assertEquals(slicesOf(history, 0, Infinity).map(({ through }) => through).at(-1), 2 ** 53 - 1);
});

Deno.test("History finds every id by its position and every position by its id, across slabs", () => {
  const history = historyWithIds(1_000);
  for (const kept of [1_000, 999, 500, 37, 2, 1]) {
    evict(history, { maxEvents: kept });
    const evictedThrough = 10_000 - 10 * kept;
    assertEquals(history.evictedId, `e-${evictedThrough}`);
    for (let position = evictedThrough; position <= 10_000; position += 10) {
      assertEquals(history.positionOf(`e-${position}`), position);
      assertEquals(history.idOf(position), `e-${position}`);
    }
    if (kept < 1_000) assertEquals(history.positionOf("e-9"), evictedThrough - 1);
  }
});

Deno.test("History.evictedId is the id the history began at, then the last evicted id", () => {
  const history = historyWithIds(3);
  assertEquals([history.evictedId, history.positionOf("e-0"), history.idOf(5)], ["e-0", 0, "e-0"]);
  evict(history, { maxAgeMs: 0 }, 1_000);
  assertEquals([history.evictedId, history.idOf(30)], ["e-30", "e-30"]);
  history.append(40, encodeChecked({ id: "e-40", data: "" }), 1_000);
  history.clear();
  history.clear();
  assertEquals([history.evictedId, history.positionOf("e-40"), history.positionOf("e-39")], [
    ...["e-40", 40, 39],
  ]);
});

for (const seed of [1, 2]) {
  Deno.test(`History behaves like a plain array, through 5 000 random steps of seed ${seed}`, () => {
    const random = mulberry32(seed);
    const [history, plain] = [new History(seed, "e-0"), new PlainHistory(seed)];
    for (let step = 0; step < 5_000; step++) {
      change([history, plain], step, random);
      assertEquals(figures(history), figures(plain));
      const cursor = history.newest - Math.floor(random() * 400);
      const count = Math.floor(random() * 100);
      assertEquals(history.next(cursor), plain.next(cursor));
      assertEquals(history.before(count), plain.before(count));
      const [through, maxBytes] = [cursor + random() * 400, random() * 3_000];
      checkSlice(
        history.slice(cursor, through, maxBytes),
        plain.between(cursor, through),
        maxBytes,
      );
    }
  });
}

function change(histories: (History | PlainHistory)[], step: number, random: () => number): void {
  const below = (limit: number) => Math.floor(random() * limit);
  const kind = below(1_000);
  const position = histories[0]!.newest + 1 + below(5);
  const size = kind < 5 ? below(200_000) : kind < 50 ? below(3_000) : below(200);
  const text = ["x", "é", "€", "🙂", "\ud800"][below(5)]!.repeat(size);
  const bounds = {
    maxEvents: below(2) ? Infinity : below(200),
    maxBytes: below(2) ? Infinity : below(20_000),
    maxAgeMs: below(2) ? Infinity : below(300),
  };
  for (const history of histories) {
    if (kind === 999) history.clear();
    else if (kind > 950) history.evict(bounds, step);
    else history.append(position, withoutId(text), step);
  }
}

function checkSlice(slice: Slice | undefined, expected: PlainEvent[], maxBytes: number): void {
  assertEquals(slice === undefined, expected.length === 0);
  if (slice === undefined) return;
  const held = expected.slice(0, slice.events);
  assertEquals(textOf(slice), held.map(({ encoded }) => textOf({ bytes: encoded })).join(""));
  assertEquals(slice.through, held.at(-1)?.position);
  assert(slice.events === 1 || slice.bytes.length <= maxBytes);
}

interface PlainEvent {
  readonly position: number;
  readonly encoded: Uint8Array;
  readonly timeMs: number;
}

/** The same as `History`, written without regard for speed or memory. */
class PlainHistory {
  #events: PlainEvent[] = [];
  newest: number;
  evictedThrough: number;

  constructor(evictedThrough: number) {
    this.newest = this.evictedThrough = evictedThrough;
  }

  get events(): number {
    return this.#events.length;
  }

  get bytes(): number {
    return this.#events.reduce((sum, { encoded }) => sum + encoded.length, 0);
  }

  append(position: number, { text }: EncodedEvent, timeMs: number): void {
    this.#events.push({ position, encoded: utf8(text), timeMs });
    this.newest = position;
  }

  next(cursor: number): number {
    return this.between(cursor, Infinity)[0]?.position ?? Infinity;
  }

  between(cursor: number, through: number): PlainEvent[] {
    return this.#events.filter(({ position }) => position > cursor && position <= through);
  }

  before(count: number): number {
    return this.#events.at(-1 - count)?.position ?? this.evictedThrough;
  }

  evict({ maxEvents, maxBytes, maxAgeMs }: HistoryBounds, nowMs: number): void {
    while (this.events > 1 && (this.events > maxEvents || this.bytes > maxBytes)) this.#evictOne();
    while (this.events > 0 && nowMs - this.#events[0]!.timeMs > maxAgeMs) this.#evictOne();
  }

  clear(): void {
    while (this.events > 0) this.#evictOne();
  }

  #evictOne(): void {
    this.evictedThrough = this.#events.shift()!.position;
  }
}

/** A history with these events at the positions 10, 20, 30 … and the times 100, 200, 300 … */
function historyOf(...texts: string[]): History {
  return historyOfEvents(texts.map(withoutId));
}

/** A history with `count` events, with the ids e-10, e-20, e-30 … at the positions 10, 20, 30 … */
function historyWithIds(count: number): History {
  return historyOfEvents(
    Array.from({ length: count }, (_, i) => encodeChecked({ id: `e-${10 * i + 10}`, data: "x" })),
  );
}

function historyOfEvents(events: readonly EncodedEvent[]): History {
  const history = new History(0, "e-0");
  events.forEach((event, i) => history.append(10 * i + 10, event, 100 * i + 100));
  return history;
}

function withoutId(text: string): EncodedEvent {
  return { text, idLength: 0, type: undefined };
}

function evict(history: History, bounds: Partial<HistoryBounds>, nowMs = 0): void {
  history.evict({ maxEvents: Infinity, maxBytes: Infinity, maxAgeMs: Infinity, ...bounds }, nowMs);
}

function figures({ events, bytes, evictedThrough, newest }: History | PlainHistory) {
  return { events, bytes, evictedThrough, newest };
}

function slicesOf(history: History, cursor: number, maxBytes: number): Slice[] {
  const slices: Slice[] = [];
  for (let slice; (slice = history.slice(cursor, Infinity, maxBytes)); cursor = slice.through) {
    slices.push(slice);
  }
  return slices;
}

function textOf(slice: Pick<Slice, "bytes"> | undefined): string {
  return new TextDecoder().decode(slice?.bytes);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
