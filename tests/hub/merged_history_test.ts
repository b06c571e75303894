import { assert, assertEquals } from "@std/assert";
import { encodeChecked } from "../../lib/wire/event.ts";
import { History } from "../../lib/history/history.ts";
import type { HistoryReader } from "../../lib/history/history_reader.ts";
import { EventForm } from "../../lib/hub/event_form.ts";
import { Members } from "../../lib/hub/members.ts";
import { parseMode } from "../../lib/hub/mode.ts";
import { type Chunk, MergedHistory, type ReadOptions } from "../../lib/hub/merged_history.ts";
import { Stream } from "../../lib/hub/stream.ts";
import { mulberry32 } from "../random.ts";

Deno.test("MergedHistory.chunkAfter() returns nothing to a subscriber that is up to date", () => {
  const { merged } = streamsOf(2, 10, (position) => position % 2);
  assertEquals(merged.chunkAfter(10, { through: 10, maxBytes: Infinity }), undefined);
  assertEquals(merged.chunkAfter(0, { through: 0, maxBytes: Infinity }), undefined);
});

Deno.test("MergedHistory.chunkAfter() stops at `through`, though there is more", () => {
  const { merged } = streamsOf(2, 10, (position) => position % 2);
  const chunk = merged.chunkAfter(2, { through: 5, maxBytes: Infinity })!;
  assertEquals([textOf(chunk), chunk.cursor], ["3 4 5", undefined]);
});

Deno.test("MergedHistory.chunkAfter() starts each stream above its floor", () => {
  const { merged } = streamsOf(2, 10, (position) => position % 2);
  const floors = { byName: new Map([["s0", 6]]), others: 0, forgotten: 0 };
  const chunk = merged.chunkAfter(2, { through: 10, maxBytes: Infinity, floors })!;
  assertEquals(textOf(chunk), "3 5 7 8 9 10");
});

Deno.test("MergedHistory.chunkAfter() puts one gap, naming all its streams, at the last evicted event", () => {
  const { merged, streams } = streamsOf(3, 9, (position) => position % 3);
  for (const stream of streams.slice(0, 2)) stream.skip(20, "e-20");
  const chunk = merged.chunkAfter(0, { through: 20, maxBytes: Infinity })!;
  const gap = 'event: gap\ndata: {"streams":["s0","s1"]}\nid: e-20\n\n';
  assert(new TextDecoder().decode(chunk.bytes).endsWith(gap));
  assertEquals([textOf(chunk), chunk.events, chunk.gaps], ["2 5 8", 4, 1]);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`MergedHistory.chunkAfter() returns every event once and in order, in chunks of any size, with seed ${seed}`, () => {
    const random = mulberry32(seed);
    const { merged } = streamsOf(7, 3_000, () => Math.floor(random() ** 2 * 7));
    for (const maxBytes of [1, 100, 1_000, 65_536, Infinity]) {
      const chunks = chunksOf(merged, { through: 3_000, maxBytes });
      assertEquals(chunks.map(textOf).join(" "), range(1, 3_000));
      assert(chunks.every(({ bytes, events }) => events === 1 || bytes.length <= maxBytes));
    }
  });
}

Deno.test("MergedHistory.chunkAfter() searches once in each stream, and then reads on from there", () => {
  const work = { searches: 0, reads: 0 };
  class CountingHistory extends History {
    override reader(cursor: number): HistoryReader {
      work.searches++;
      const reader = super.reader(cursor);
      const read = reader.read.bind(reader);
      reader.read = (...args) => (work.reads++, read(...args));
      return reader;
    }
  }
  const { merged } = streamsOf(32, 3_200, (position) => position % 32, CountingHistory);
  const { events } = merged.chunkAfter(0, { through: 3_200, maxBytes: Infinity })!;
  assertEquals({ events, ...work }, { events: 3_200, searches: 32, reads: 3_200 });
});

Deno.test("MergedHistory.idAt() is the newest id up to a position, and undefined before the first", () => {
  const { merged, streams } = streamsOf(2, 10, (position) => position % 2);
  assertEquals([0, 1, 9, 10, 11].map((position) => merged.idAt(position)), [
    ...["e-0", "e-1", "e-9", "e-a", "e-a"],
  ]);
  for (const stream of streams) stream.clear();
  assertEquals([8, 9, 10].map((position) => merged.idAt(position)), [undefined, "e-9", "e-a"]);
});

/** Streams s0, s1 … with the events 1 to `count`; `pick` chooses the stream of each position. */
const PLAIN = formOf("");

function formOf(query: string): EventForm {
  const mode = parseMode(new URLSearchParams(query));
  assert(typeof mode === "object");
  return new EventForm(mode);
}

function streamsOf(
  streamCount: number,
  count: number,
  pick: (position: number) => number,
  HistoryClass = History,
): { merged: MergedHistory; streams: Stream[] } {
  const streams = Array.from({ length: streamCount }, (_, i) => {
    const stream = new Stream(`s${i}`, new HistoryClass(0, "e-0"), 0);
    stream.configure({ slowSubscriber: "skip" });
    return stream;
  });
  for (let position = 1; position <= count; position++) {
    const event = encodeChecked({ id: `e-${position.toString(36)}`, data: `${position}` });
    streams[pick(position)]!.history.append(position, event, 0);
  }
  return { merged: new MergedHistory(new Members({ streams }), PLAIN), streams };
}

function chunksOf(merged: MergedHistory, options: ReadOptions): Chunk[] {
  const chunks: Chunk[] = [];
  let cursor: number | undefined = 0;
  while (cursor !== undefined) {
    const chunk: Chunk = merged.chunkAfter(cursor, options)!;
    chunks.push(chunk);
    cursor = chunk.cursor;
  }
  return chunks;
}

function textOf({ bytes }: Chunk): string {
  const numbers = new TextDecoder().decode(bytes).matchAll(/^data: (\d+)$/gm);
  return Array.from(numbers, ([, number]) => number).join(" ");
}

function range(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i).join(" ");
}
