/**
 * A block of a history's memory: encoded events, and where each of them is.
 *
 * @module
 */

import type { EncodedEvent } from "../wire/event.ts";
import { firstIndex, firstIndexNear } from "../wire/first_index.ts";
import { decodeId, idOffset } from "../wire/ids.ts";

/** Consecutive events as the bytes that go out. */
export interface Slice {
  /** A view, valid for as long as it is held. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold. */
  readonly events: number;
  /** The position of the last of them. */
  readonly through: number;
}

const RECORD_NUMBERS = 4;

/** How much a slab needs for an event beside its own bytes. */
export const RECORD_BYTES = RECORD_NUMBERS * Uint32Array.BYTES_PER_ELEMENT;

/**
 * A block of memory that is filled once, from both ends: with encoded events from the front, and from
 * the back with a record for each of them. A record is four 32-bit numbers: the event's position and
 * its time, both counted from the slab's start, where the event ends, and where its id begins. Events
 * before `first` are evicted.
 */
export class Slab {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #records: Uint32Array<ArrayBuffer>;
  readonly #startPosition: number;
  readonly #startMs: number;
  /** How many events were added. */
  events = 0;
  /** How many of them, from the oldest on, are evicted. */
  first = 0;

  /** Takes `size` bytes or a few more. No event has a position or a time below these. */
  constructor(size: number, startPosition: number, startMs: number) {
    this.#bytes = new Uint8Array(Math.ceil(size / RECORD_BYTES) * RECORD_BYTES);
    this.#records = new Uint32Array(this.#bytes.buffer);
    this.#startPosition = startPosition;
    this.#startMs = startMs;
  }

  /** Adds an event; returns its size, or `undefined` if there is no room for it. */
  append(position: number, event: EncodedEvent, timeMs: number): number | undefined {
    const { text } = event;
    const record = this.#record(this.events);
    const recordByte = record * this.#records.BYTES_PER_ELEMENT;
    const start = this.end(this.events - 1);
    const distance = position - this.#startPosition;
    const ageMs = timeMs - this.#startMs;
    if (start + text.length > recordByte || distance >= 2 ** 32 || ageMs >= 2 ** 32) {
      return undefined;
    }
    const free = this.#bytes.subarray(start, recordByte);
    const { read, written } = encoder.encodeInto(text, free);
    if (read < text.length) return undefined;
    this.#records[record] = distance;
    this.#records[record + 1] = ageMs;
    this.#records[record + 2] = start + written;
    this.#records[record + 3] = event.idIndex && start + idOffset(event, free, written);
    this.events++;
    return written;
  }

  /** The position of the event at `index`. */
  position(index: number): number {
    return this.#startPosition + this.#records[this.#record(index)]!;
  }

  /** When the event at `index` was added, to the millisecond before. */
  timeMs(index: number): number {
    return this.#startMs + this.#records[this.#record(index) + 1]!;
  }

  /** Where the event at `index` ends; 0 before the first. */
  end(index: number): number {
    return index < 0 ? 0 : this.#records[this.#record(index) + 2]!;
  }

  /** The id of the event at `index`, if it has one. Reads nothing but the id. */
  id(index: number): string | undefined {
    const start = this.#records[this.#record(index) + 3]!;
    return start === 0 ? undefined : decodeId(this.#bytes, start);
  }

  /** The position of the newest event. */
  get newest(): number {
    return this.position(this.events - 1);
  }

  /** The index of the first kept event after `cursor`. */
  after(cursor: number): number {
    return firstIndex(this.first, this.events, (index) => this.position(index) > cursor);
  }

  /**
   * The events from the one at `from` on, up to position `through`: at least that one, as many more as
   * fit `maxBytes`.
   */
  slice(from: number, through: number, maxBytes: number): Slice {
    const start = this.end(from - 1);
    const to = firstIndexNear(
      from + 1,
      this.events,
      (index) => this.position(index) > through || this.end(index) - start > maxBytes,
    );
    return {
      bytes: this.#bytes.subarray(start, this.end(to - 1)),
      events: to - from,
      through: this.position(to - 1),
    };
  }

  /** Where the record of the event at `index` begins, among all numbers of the block. */
  #record(index: number): number {
    return this.#records.length - (index + 1) * RECORD_NUMBERS;
  }
}

const encoder = new TextEncoder();
