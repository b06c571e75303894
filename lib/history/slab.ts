/**
 * A block of a history's memory: encoded events, and a record of where each event is.
 *
 * @module
 */

import { type EncodedEvent, MAX_TYPE_LENGTH } from "../wire/event.ts";
import { firstIndex, firstIndexNear } from "../wire/first_index.ts";
import { decodeId, idOffset } from "../wire/ids.ts";

/** Consecutive events, as the bytes that go out. */
export interface Slice {
  /** A view of a slab. Its bytes never change. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold. */
  readonly events: number;
  /** The position of the last event. */
  readonly through: number;
  /** The slab that has the events. */
  readonly slab: Slab;
  /** The index of the first event in the slab. */
  readonly from: number;
}

const RECORD_NUMBERS = 5;

/** How many bytes a slab needs for an event's record, besides the encoded event. */
export const RECORD_BYTES = RECORD_NUMBERS * Uint32Array.BYTES_PER_ELEMENT;

/**
 * A block of memory that is filled once, from both ends: encoded events from the front, and a record of
 * each event from the back. A record is five 32-bit numbers: the event's position and time, both relative
 * to the slab's start; the offset where the event ends; the offset where its id begins, or 0; and the
 * number of its type. Events before the index `first` are evicted.
 */
export class Slab {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #records: Uint32Array<ArrayBuffer>;
  readonly #startPosition: number;
  readonly #startMs: number;
  /** The types of the events, each once; made for the first event with a type. */
  #types: Types | undefined;
  /** How many events were appended. */
  events = 0;
  /** How many of these events, the oldest ones, are evicted; the index of the oldest kept event. */
  first = 0;

  /**
   * Allocates `size` bytes, rounded up to whole numbers of 32 bits. Events must not have a position below
   * `startPosition` or a time below `startMs`.
   */
  constructor(size: number, startPosition: number, startMs: number) {
    const { BYTES_PER_ELEMENT } = Uint32Array;
    this.#bytes = new Uint8Array(Math.ceil(size / BYTES_PER_ELEMENT) * BYTES_PER_ELEMENT);
    this.#records = new Uint32Array(this.#bytes.buffer);
    this.#startPosition = startPosition;
    this.#startMs = startMs;
  }

  /** Appends an event. Returns its size in bytes, or `undefined` if the slab has no room for it. */
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
    this.#records[record + 3] = event.idLength && start + idOffset(event, written);
    if (event.type) this.#records[record + 4] = (this.#types ??= new Types()).numberOf(event.type);
    this.events++;
    return written;
  }

  /** Returns the position of the event at `index`. */
  position(index: number): number {
    return this.#startPosition + this.#records[this.#record(index)]!;
  }

  /** Returns when the event at `index` was appended, rounded down to the millisecond. */
  timeMs(index: number): number {
    return this.#startMs + this.#records[this.#record(index) + 1]!;
  }

  /** Returns the offset where the event at `index` ends; 0 for an index below 0. */
  end(index: number): number {
    return index < 0 ? 0 : this.#records[this.#record(index) + 2]!;
  }

  /** Returns the id of the event at `index`, if the event has one. Decodes only the id. */
  id(index: number): string | undefined {
    const start = this.#records[this.#record(index) + 3]!;
    return start === 0 ? undefined : decodeId(this.#bytes, start);
  }

  /** Returns the events from index `from` to before index `to`, as a view of their bytes. */
  bytes(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(this.end(from - 1), this.end(to - 1));
  }

  /**
   * Returns the type of the event at `index`, well-formed; `undefined` if the event has none. Decodes
   * nothing. A type of more than {@linkcode MAX_TYPE_LENGTH} characters is `""`.
   */
  type(index: number): string | undefined {
    return this.#types?.at(this.#records[this.#record(index) + 4]!);
  }

  /** The position of the newest event. */
  get newest(): number {
    return this.position(this.events - 1);
  }

  /** Returns the index of the first kept event after `cursor`. */
  after(cursor: number): number {
    return firstIndex(this.first, this.events, (index) => this.position(index) > cursor);
  }

  /**
   * Returns the events from index `from` through position `through`: at least one, and as many more as
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
      slab: this,
      from,
    };
  }

  /** Returns where the record of the event at `index` begins, counted in 32-bit numbers. */
  #record(index: number): number {
    return this.#records.length - (index + 1) * RECORD_NUMBERS;
  }
}

/** The types of a slab's events, by number. Number 0 stands for no type. */
class Types {
  readonly #types: (string | undefined)[] = [undefined];
  readonly #numbers = new Map<string, number>();

  /** Returns the type with a number. */
  at(number: number): string | undefined {
    return this.#types[number];
  }

  /** Returns the number of a type, and gives it one if necessary. */
  numberOf(type: string): number {
    const key = type.length > MAX_TYPE_LENGTH ? "" : type;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#types.push(key.toWellFormed()) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

const encoder = new TextEncoder();
