/**
 * A block of a history's memory: encoded events, and where each of them is.
 *
 * @module
 */

import { decodeId } from "./event.ts";

/** Consecutive events as the bytes that go out. */
export interface Slice {
  /** A view, valid for as long as it is held. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold. */
  readonly events: number;
  /** The position of the last of them. */
  readonly through: number;
}

/** How much a slab needs for an event beside its own bytes. */
export const RECORD_BYTES = 16;

const encoder = new TextEncoder();

/**
 * A block of memory that is filled once, from both ends: with encoded events from the front, and from
 * the back with a record for each of them, its position (8 bytes), its end and its time (4 each). Of
 * the events those before `first` are evicted.
 */
export class Slab {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #records: DataView;
  readonly #startMs: number;
  /** How many events were added. */
  events = 0;
  /** How many of them, from the oldest on, are evicted. */
  first = 0;

  /** Takes `size` bytes; `startMs` is not above the time of its first event. */
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

  /** The position of the event at `index`. */
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

  /** The id of the event at `index`, if it has one. */
  id(index: number): string | undefined {
    return decodeId(this.#bytes.subarray(this.end(index - 1), this.end(index)));
  }

  /** The position of the newest event. */
  get newest(): number {
    return this.position(this.events - 1);
  }

  /** The index of the first kept event after `cursor`. */
  after(cursor: number): number {
    return firstIndex(this.first, this.events, (index) => this.position(index) > cursor);
  }

  /** What {@linkcode History.slice} returns, of this slab. */
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
export function firstIndex(low: number, high: number, isPast: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
