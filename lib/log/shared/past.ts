/**
 * The entries that a store has when a hub opens it, read from the newest back, so that a hub decodes only the
 * events that it can keep.
 *
 * @module
 */

import {
  byteLength,
  type EntryIds,
  entryNumber,
  entryTimeMs,
  type StoredEntry,
} from "../entries.ts";
import { entryNames } from "./entry_names.ts";
import type { Placed } from "../entry_store.ts";
import { MAX_KNOWN } from "./newest_entries.ts";
import type { HistoryLimits, LeftOut, LogEntry, StreamLimits } from "../event_log.ts";
import { markOf, type ReadEntry, readEntry } from "./read_entry.ts";

/**
 * Takes entries from the newest to the oldest, and gives them back from the oldest to the newest.
 *
 * Of each stream it delivers the newest events, as many as the hub can keep. The events left out are counted
 * on the entry that comes next. An end, and the first event of a stream, are always delivered, because they
 * hold for the events after them.
 */
export class Past {
  readonly #ids: EntryIds;
  readonly #limits: HistoryLimits;
  readonly #nowMs: number;
  // The newest first.
  readonly #entries: PastEntry[] = [];
  readonly #streams = new Map<string, PastStream>();
  // What the entry that is delivered next is to say, by stream.
  readonly #leftOut = new Map<string, LeftOut>();
  #length = 0;

  /** Begins with nothing; ages are counted up to `nowMs`. */
  constructor(ids: EntryIds, limits: HistoryLimits, nowMs: number) {
    this.#ids = ids;
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Takes entries, the newest first, all older than those before. */
  add(page: readonly StoredEntry[]): void {
    for (const stored of page) this.#add(stored);
  }

  /** Gives back up to `count` entries, the oldest first, and lets go of them. */
  *take(count: number): Generator<ReadEntry> {
    for (let left = count; left > 0; left--) {
      const entry = this.#entries.pop();
      if (!entry) return;
      yield "stored" in entry ? this.#read(entry.stored) : this.#skipAll(entry);
    }
  }

  /** How many entries it has yet to give back. */
  get size(): number {
    return this.#entries.length;
  }

  /** The streams of which it has left out events and has not said so. */
  get lacking(): string[] {
    const lacking = [...this.#streams.values()].filter(({ leftOut }) => leftOut > 0);
    return [...lacking.map(({ name }) => name), ...this.#leftOut.keys()];
  }

  #add(stored: StoredEntry): void {
    const { place, text } = stored;
    const found = this.#ids.isForeign(stored) ? undefined : entryNames(text);
    if (!found) {
      this.#entries.push({ stored });
      return;
    }
    const timeMs = entryTimeMs(stored);
    const streams = found.names.map((name) => this.#stream(name));
    let isWanted = !found.isPlain;
    // The length of each text is close to that of what goes out, and need not be closer.
    const size = { length: text.length / streams.length, ageMs: this.#nowMs - timeMs };
    for (let i = streams.length; found.isPlain && i > 0; i--) {
      const stream = streams[i - 1]!;
      if (this.#keeps(stream, size)) {
        isWanted = true;
        stream.oldest = { place, index: i };
      } else stream.newestLeftOut ??= { place, index: i };
    }
    if (isWanted) {
      this.#length += text.length;
      this.#entries.push({ stored });
    } else {
      const [number, bytes] = [entryNumber(stored), byteLength(text)];
      const mark = this.#entries.length < 2 * MAX_KNOWN ? markOf(text) : undefined;
      this.#entries.push({ place, number, timeMs, length: text.length, bytes, mark, streams });
    }
  }

  /** Whether an event is among those that the hub can keep. */
  #keeps(stream: PastStream, size: { readonly length: number; readonly ageMs: number }): boolean {
    if (stream.isFull) return false;
    const { maxEvents, maxBytes, maxAgeMs } = stream.limits;
    const isBeyond = size.ageMs > maxAgeMs || stream.length + size.length > maxBytes ||
      this.#length > this.#limits.maxBytes;
    stream.isFull = isBeyond || stream.events + 1 >= maxEvents;
    // The newest is delivered in any case, so that the hub knows the stream.
    if (isBeyond && stream.events > 0) return false;
    stream.events++;
    stream.length += size.length;
    return true;
  }

  #read(stored: StoredEntry): ReadEntry {
    const read = readEntry(stored, this.#ids, this.#nowMs);
    return { ...read, entries: read.entries.flatMap((entry) => this.#deliver(entry)) };
  }

  #deliver(entry: LogEntry): LogEntry[] {
    const stream = this.#streams.get(entry.stream);
    if (stream?.isFull && entry.event && !entry.isFirst) {
      const { oldest, newestLeftOut } = stream;
      stream.oldestId ??= oldest && this.#ids.format(oldest.place, oldest.index);
      if (stream.oldestId === undefined || entry.id < stream.oldestId) {
        stream.newestLeftOutId ??= newestLeftOut &&
          this.#ids.format(newestLeftOut.place, newestLeftOut.index);
        this.#skip(stream, entry.id >= (stream.newestLeftOutId ?? "") ? entry.id : undefined);
        return [];
      }
    }
    if (this.#leftOut.size === 0) return [entry];
    const leftOut = [...this.#leftOut.values()];
    this.#leftOut.clear();
    return [{ ...entry, leftOut }];
  }

  /** Counts an event that is left out; `throughId` is its id if none is left out after it. */
  #skip(stream: PastStream, throughId: string | undefined): void {
    stream.leftOut++;
    if (throughId === undefined) return;
    const { name } = stream;
    const events = stream.leftOut + (this.#leftOut.get(name)?.events ?? 0);
    this.#leftOut.set(name, { stream: name, throughId, events });
    stream.leftOut = 0;
  }

  #skipAll({ streams, ...head }: SkippedEntry): ReadEntry {
    const { place } = head;
    streams.forEach((stream, i) => {
      const { newestLeftOut } = stream;
      const isNewest = newestLeftOut?.place === place && newestLeftOut.index === i + 1;
      this.#skip(stream, isNewest ? this.#ids.format(place, i + 1) : undefined);
    });
    const id = this.#ids.format(place, streams.length);
    const names = streams.map(({ name }) => name);
    return { ...head, text: "", id, loss: undefined, streams: names, entries: [] };
  }

  #stream(name: string): PastStream {
    let stream = this.#streams.get(name);
    if (!stream) {
      // As it was found, it would keep the text of its entry in memory.
      const own = decoder.decode(encoder.encode(name));
      stream = { ...NO_EVENTS, name: own, limits: this.#limits.of(own) };
      this.#streams.set(own, stream);
    }
    return stream;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

type PastEntry = { readonly stored: StoredEntry } | SkippedEntry;

/** An entry that has nothing to deliver. */
interface SkippedEntry
  extends Pick<ReadEntry, "place" | "number" | "timeMs" | "length" | "bytes" | "mark"> {
  readonly streams: readonly PastStream[];
}

interface PastStream {
  readonly name: string;
  readonly limits: StreamLimits;
  /** How many of its events are to be delivered, ends and first events not counted. */
  events: number;
  /** How many characters these have, about. */
  length: number;
  /** Where the oldest of these stands, and its id once it is needed. */
  oldest?: Placed;
  oldestId?: string | undefined;
  /** Whether those before it are left out. */
  isFull: boolean;
  /** Where the newest of those stands, as far as names tell. */
  newestLeftOut?: Placed;
  newestLeftOutId?: string | undefined;
  /** How many are left out since it was last said. */
  leftOut: number;
}

const NO_EVENTS = { events: 0, length: 0, isFull: false, leftOut: 0 };
