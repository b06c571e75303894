/**
 * The newest events of one stream, encoded, by position. Knows no clock, no subscriber and no id.
 *
 * @module
 */

/** What a {@linkcode History} keeps at the most. `Infinity` is no limit. */
export interface HistoryBounds {
  /** Events. The newest stays, whatever the number. */
  readonly maxEvents: number;
  /** Encoded bytes. The newest event stays, whatever its size. */
  readonly maxBytes: number;
  /** Age in milliseconds; here the newest event goes too. */
  readonly maxAgeMs: number;
}

/** Consecutive events as the bytes that go out. */
export interface Slice {
  /** A view, valid for as long as it is held. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold. */
  readonly events: number;
  /** The position of the last of them. */
  readonly through: number;
}

/**
 * Encoded events in slabs, from 1 KiB to 64 KiB as the history grows, that are only ever appended
 * to: what was handed out stays as it was, and a slice of many events is one view.
 */
export class History {
  #slabs: Slab[] = [];
  #events = 0;
  #bytes = 0;
  #newest: number;
  #evictedThrough: number;

  /** Begins empty, not knowing what there was up to position `evictedThrough`. */
  constructor(evictedThrough: number) {
    this.#newest = evictedThrough;
    this.#evictedThrough = evictedThrough;
  }

  /** How many events it keeps. */
  get events(): number {
    return this.#events;
  }

  /** How many encoded bytes it keeps. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The position of the newest event, or where it began. */
  get newest(): number {
    return this.#newest;
  }

  /** The position up to which it no longer knows what there was. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  /**
   * Encodes an event's text and adds it. `position` is above every earlier one; `timeMs` is not below
   * an earlier one.
   *
   * @returns How many bytes it has.
   */
  append(position: number, text: string, timeMs: number): number {
    const bytes = this.#slabs.at(-1)?.append(position, text, timeMs) ??
      this.#addSlab(text, timeMs).append(position, text, timeMs)!;
    this.#events++;
    this.#bytes += bytes;
    this.#newest = position;
    return bytes;
  }

  /** The position of the first event after `cursor`; `Infinity` if there is none. */
  next(cursor: number): number {
    if (cursor >= this.#newest) return Infinity;
    const slab = this.#slabAfter(cursor);
    return slab ? slab.position(slab.after(cursor)) : Infinity;
  }

  /** The position of the event `count` before the end, so that just `count` come after it. */
  before(count: number): number {
    let missing = count;
    for (const slab of this.#slabs.toReversed()) {
      const index = slab.events - missing - 1;
      if (index >= slab.first) return slab.position(index);
      missing -= slab.events - slab.first;
    }
    return this.#evictedThrough;
  }

  /**
   * The events after `cursor` up to `through`: at least one, as many more as fit `maxBytes` and lie
   * side by side. Ask again from the slice's `through` for the rest.
   *
   * @returns `undefined` if there is none.
   */
  slice(cursor: number, through: number, maxBytes: number): Slice | undefined {
    const slab = cursor < this.#newest ? this.#slabAfter(cursor) : undefined;
    return slab?.slice(cursor, through, maxBytes);
  }

  /** Drops what exceeds the bounds, oldest first. Call it only when all of it has been flushed. */
  evict(bounds: HistoryBounds, nowMs: number): void {
    const { maxEvents, maxBytes, maxAgeMs } = bounds;
    for (let slab = this.#slabs[0]; slab; slab = this.#slabs[0]) {
      const exceeds = this.#events > 1 && (this.#events > maxEvents || this.#bytes > maxBytes);
      if (!exceeds && nowMs - slab.timeMs(slab.first) <= maxAgeMs) return;
      this.#evictOne(slab);
    }
  }

  /** Drops everything. Call it only when all of it has been flushed. */
  clear(): void {
    this.#slabs = [];
    this.#events = 0;
    this.#bytes = 0;
    this.#evictedThrough = this.#newest;
  }

  #addSlab(text: string, timeMs: number): Slab {
    const size = Math.min(Math.max(Math.ceil(this.#bytes / 4), MIN_SLAB_BYTES), MAX_SLAB_BYTES);
    const slab = new Slab(Math.max(size, encoder.encode(text).length + RECORD_BYTES), timeMs);
    this.#slabs.push(slab);
    return slab;
  }

  #evictOne(slab: Slab): void {
    this.#events--;
    this.#bytes -= slab.end(slab.first) - slab.end(slab.first - 1);
    this.#evictedThrough = slab.position(slab.first);
    slab.first++;
    if (slab.first === slab.events) this.#slabs.shift();
  }

  #slabAfter(cursor: number): Slab | undefined {
    const slabs = this.#slabs;
    return slabs[firstIndex(0, slabs.length, (index) => slabs[index]!.newest > cursor)];
  }
}

const encoder = new TextEncoder();
const MIN_SLAB_BYTES = 1_024;
const MAX_SLAB_BYTES = 65_536;
const RECORD_BYTES = 16;

/**
 * A block of memory that is filled once, from both ends: with encoded events from the front, and from
 * the back with a record for each of them, its position (8 bytes), its end and its time (4 each). Of
 * the events those before `first` are evicted.
 */
class Slab {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #records: DataView;
  readonly #startMs: number;
  events = 0;
  first = 0;

  constructor(size: number, startMs: number) {
    this.#bytes = new Uint8Array(size);
    this.#records = new DataView(this.#bytes.buffer);
    this.#startMs = startMs;
  }

  /** Adds an event; returns its size, or `undefined` if there is no room for it. */
  append(position: number, text: string, timeMs: number): number | undefined {
    const record = this.#record(this.events);
    const start = this.end(this.events - 1);
    const ageMs = timeMs - this.#startMs;
    if (start + text.length > record || ageMs >= 2 ** 32) return undefined;
    const { read, written } = encoder.encodeInto(text, this.#bytes.subarray(start, record));
    if (read < text.length) return undefined;
    this.#records.setFloat64(record, position);
    this.#records.setUint32(record + 8, start + written);
    this.#records.setUint32(record + 12, ageMs);
    this.events++;
    return written;
  }

  position(index: number): number {
    return this.#records.getFloat64(this.#record(index));
  }

  /** Where the event at `index` ends; 0 before the first. */
  end(index: number): number {
    return index < 0 ? 0 : this.#records.getUint32(this.#record(index) + 8);
  }

  /** When the event at `index` was added, to the millisecond before. */
  timeMs(index: number): number {
    return this.#startMs + this.#records.getUint32(this.#record(index) + 12);
  }

  /** The position of the newest event. */
  get newest(): number {
    return this.position(this.events - 1);
  }

  /** The index of the first kept event after `cursor`. */
  after(cursor: number): number {
    return firstIndex(this.first, this.events, (index) => this.position(index) > cursor);
  }

  slice(cursor: number, through: number, maxBytes: number): Slice | undefined {
    const from = this.after(cursor);
    const start = this.end(from - 1);
    const to = firstIndex(
      from,
      this.events,
      (index) =>
        this.position(index) > through || (index > from && this.end(index) - start > maxBytes),
    );
    if (from === to) return undefined;
    return {
      bytes: this.#bytes.subarray(start, this.end(to - 1)),
      events: to - from,
      through: this.position(to - 1),
    };
  }

  #record(index: number): number {
    return this.#bytes.length - (index + 1) * RECORD_BYTES;
  }
}

/** The first index from `low` on for which `isPast` holds, as it then does for all; else `high`. */
function firstIndex(low: number, high: number, isPast: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
