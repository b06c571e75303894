/**
 * The newest events of one stream, encoded, by position. A history knows neither clocks nor subscribers,
 * and stores ids only inside the encoded events.
 *
 * @module
 */

import type { EncodedEvent } from "../wire/event.ts";
import { firstIndex } from "../wire/first_index.ts";
import { HistoryReader } from "./history_reader.ts";
import { compareIds } from "../wire/ids.ts";
import { RECORD_BYTES, Slab, type Slice } from "./slab.ts";

/** The bounds of a {@linkcode History}. `Infinity` means no limit. */
export interface HistoryBounds {
  /** The most events. The newest event is kept, whatever the limit. */
  readonly maxEvents: number;
  /** The most encoded bytes. The newest event is kept, whatever its size. */
  readonly maxBytes: number;
  /** The greatest age of an event, in milliseconds. The newest event is evicted too. */
  readonly maxAgeMs: number;
}

/**
 * Encoded events in slabs of 1 KiB to 64 KiB; larger histories use larger slabs. Slabs are only appended
 * to: a view of a slab never changes, and a slice of many events is one view.
 */
export class History {
  #slabs: Slab[] = [];
  #events = 0;
  #bytes = 0;
  #newest: number;
  #evictedThrough: number;
  // The id of the last event of the slabs that were dropped. The first slab may have a later evicted id.
  #evictedId: string;

  /** Begins empty, as if the events through a position and its id were evicted. */
  constructor(evictedThrough: number, evictedId: string) {
    this.#newest = evictedThrough;
    this.#evictedThrough = evictedThrough;
    this.#evictedId = evictedId;
  }

  /** How many events the history keeps. */
  get events(): number {
    return this.#events;
  }

  /** How many encoded bytes the history keeps. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The position of the newest event, or the position after which the history began. */
  get newest(): number {
    return this.#newest;
  }

  /** The position through which events are evicted. */
  get evictedThrough(): number {
    return this.#evictedThrough;
  }

  /** The id through which events are evicted: the id of the last evicted event. */
  get evictedId(): string {
    const [slab] = this.#slabs;
    return (slab && slab.first > 0 ? slab.id(slab.first - 1) : undefined) ?? this.#evictedId;
  }

  /**
   * Encodes an event's text as UTF-8 and appends it. `position` must be greater than all earlier
   * positions, and `timeMs` must not be less than an earlier time.
   *
   * @returns How many bytes the event has.
   */
  append(position: number, event: EncodedEvent, timeMs: number): number {
    const bytes = this.#slabs.at(-1)?.append(position, event, timeMs) ??
      this.#addSlab(position, event, timeMs).append(position, event, timeMs)!;
    this.#events++;
    this.#bytes += bytes;
    this.#newest = position;
    return bytes;
  }

  /** Returns a reader that begins with the first event after `cursor`. */
  reader(cursor: number): HistoryReader {
    return new HistoryReader(this.#slabs, cursor);
  }

  /** Returns the position of the first event after `cursor`; `Infinity` if no event follows. */
  next(cursor: number): number {
    return this.reader(cursor).next;
  }

  /** Returns how many events are kept after one position and through another. */
  count(after: number, through: number): number {
    let count = 0;
    for (const slab of this.#slabs) count += slab.after(through) - slab.after(after);
    return count;
  }

  /** Returns the position after which exactly `count` events follow, or all kept events if fewer. */
  before(count: number): number {
    if (count >= this.#events) return this.#evictedThrough;
    let missing = count;
    for (const slab of this.#slabs.toReversed()) {
      const index = slab.events - missing - 1;
      if (index >= slab.first) return slab.position(index);
      missing -= slab.events - slab.first;
    }
    return this.#evictedThrough;
  }

  /**
   * Returns the position of the newest event at or before an id. For an id before {@linkcode evictedId},
   * returns a position before {@linkcode evictedThrough}, so that a reader finds a gap.
   */
  positionOf(id: string): number {
    if (compareIds(id, this.evictedId) < 0) return this.#evictedThrough - 1;
    const isAfter = (slab: Slab, index: number) => compareIds(slab.id(index) ?? "", id) > 0;
    const slab = this.#lastSlab((slab) => !isAfter(slab, slab.first));
    if (!slab) return this.#evictedThrough;
    return slab.position(firstIndex(slab.first + 1, slab.events, (i) => isAfter(slab, i)) - 1);
  }

  /**
   * Returns the id of the newest event at or before a position; {@linkcode evictedId} if none is kept.
   */
  idOf(position: number): string {
    const slab = this.#lastSlab((slab) => slab.position(slab.first) <= position);
    return slab?.id(slab.after(position) - 1) ?? this.evictedId;
  }

  /**
   * Returns the time of the newest event at or before a position, as it was appended; `NaN` if no such
   * event is kept.
   */
  timeOf(position: number): number {
    const slab = this.#lastSlab((slab) => slab.position(slab.first) <= position);
    return slab?.timeMs(slab.after(position) - 1) ?? NaN;
  }

  /** Returns the events after `cursor` and through `through`, as {@linkcode HistoryReader.read} does. */
  slice(cursor: number, through: number, maxBytes: number): Slice | undefined {
    return this.reader(cursor).read(through, maxBytes);
  }

  /**
   * Evicts events that exceed the bounds, oldest first. Call it only when every event has been flushed.
   */
  evict(bounds: HistoryBounds, nowMs: number): void {
    const { maxEvents, maxBytes, maxAgeMs } = bounds;
    for (let slab = this.#slabs[0]; slab; slab = this.#slabs[0]) {
      const exceeds = this.#events > 1 && (this.#events > maxEvents || this.#bytes > maxBytes);
      if (!exceeds && nowMs - slab.timeMs(slab.first) <= maxAgeMs) return;
      this.#evictOne(slab);
    }
  }

  /** Evicts all events. Call it only when every event has been flushed. */
  clear(): void {
    this.#evictedId = this.idOf(this.#newest);
    this.#slabs = [];
    this.#events = 0;
    this.#bytes = 0;
    this.#evictedThrough = this.#newest;
  }

  #addSlab(position: number, { text }: EncodedEvent, timeMs: number): Slab {
    const size = Math.min(Math.max(Math.ceil(this.#bytes / 4), MIN_SLAB_BYTES), MAX_SLAB_BYTES);
    const needed = encoder.encode(text).length + RECORD_BYTES;
    const slab = new Slab(Math.max(size, needed), position, timeMs);
    this.#slabs.push(slab);
    return slab;
  }

  #evictOne(slab: Slab): void {
    this.#events--;
    this.#bytes -= slab.end(slab.first) - slab.end(slab.first - 1);
    this.#evictedThrough = slab.position(slab.first);
    slab.first++;
    if (slab.first < slab.events) return;
    this.#evictedId = this.evictedId;
    this.#slabs.shift();
  }

  /** Returns the newest slab for which `begins` holds. It must hold for all older slabs as well. */
  #lastSlab(begins: (slab: Slab) => boolean): Slab | undefined {
    const slabs = this.#slabs;
    return slabs[firstIndex(0, slabs.length, (index) => !begins(slabs[index]!)) - 1];
  }
}

const encoder = new TextEncoder();
const MIN_SLAB_BYTES = 1_024;
const MAX_SLAB_BYTES = 65_536;
