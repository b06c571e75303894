/**
 * The newest events of one stream, encoded, by position. Knows no clock and no subscriber, and ids only
 * as they stand in the encoded events.
 *
 * @module
 */

import type { EncodedEvent } from "../wire/event.ts";
import { firstIndex } from "../wire/first_index.ts";
import { HistoryReader } from "./history_reader.ts";
import { compareIds } from "../wire/ids.ts";
import { RECORD_BYTES, Slab, type Slice } from "./slab.ts";

/** What a {@linkcode History} keeps at the most. `Infinity` is no limit. */
export interface HistoryBounds {
  /** Events. The newest stays, whatever the number. */
  readonly maxEvents: number;
  /** Encoded bytes. The newest event stays, whatever its size. */
  readonly maxBytes: number;
  /** Age in milliseconds; here the newest event goes too. */
  readonly maxAgeMs: number;
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
  // As of the last slab that was dropped; a later one stands in the first slab.
  #evictedId: string;

  /** Begins empty, not knowing what there was up to position `evictedThrough`, which has an id. */
  constructor(evictedThrough: number, evictedId: string) {
    this.#newest = evictedThrough;
    this.#evictedThrough = evictedThrough;
    this.#evictedId = evictedId;
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

  /** The id up to which it no longer knows what there was: that of the last event evicted. */
  get evictedId(): string {
    const [slab] = this.#slabs;
    return (slab && slab.first > 0 ? slab.id(slab.first - 1) : undefined) ?? this.#evictedId;
  }

  /**
   * Encodes an event's text as UTF-8 and adds it. `position` is above every earlier one; `timeMs` is not
   * below an earlier one.
   *
   * @returns How many bytes it has.
   */
  append(position: number, event: EncodedEvent, timeMs: number): number {
    const bytes = this.#slabs.at(-1)?.append(position, event, timeMs) ??
      this.#addSlab(position, event, timeMs).append(position, event, timeMs)!;
    this.#events++;
    this.#bytes += bytes;
    this.#newest = position;
    return bytes;
  }

  /** Reads it from the first event after `cursor` on. */
  reader(cursor: number): HistoryReader {
    return new HistoryReader(this.#slabs, cursor);
  }

  /** The position of the first event after `cursor`; `Infinity` if there is none. */
  next(cursor: number): number {
    return this.reader(cursor).next;
  }

  /** The position of the event `count` before the end, so that just `count` come after it. */
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
   * The position of the newest event that does not come after an id: just before the oldest that is
   * not known if the id lies before {@linkcode evictedId}.
   */
  positionOf(id: string): number {
    if (compareIds(id, this.evictedId) < 0) return this.#evictedThrough - 1;
    const isAfter = (slab: Slab, index: number) => compareIds(slab.id(index) ?? "", id) > 0;
    const slab = this.#lastSlab((slab) => !isAfter(slab, slab.first));
    if (!slab) return this.#evictedThrough;
    return slab.position(firstIndex(slab.first, slab.events, (i) => isAfter(slab, i)) - 1);
  }

  /** The id of the newest event that does not come after a position, or the last evicted one's. */
  idOf(position: number): string {
    const slab = this.#lastSlab((slab) => slab.position(slab.first) <= position);
    return slab?.id(slab.after(position) - 1) ?? this.evictedId;
  }

  /** The events after `cursor` up to `through`, as {@linkcode HistoryReader.read} returns them. */
  slice(cursor: number, through: number, maxBytes: number): Slice | undefined {
    return this.reader(cursor).read(through, maxBytes);
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

  /** The newest slab for which `begins` holds, as it does for all older ones. */
  #lastSlab(begins: (slab: Slab) => boolean): Slab | undefined {
    const slabs = this.#slabs;
    return slabs[firstIndex(0, slabs.length, (index) => !begins(slabs[index]!)) - 1];
  }
}

const encoder = new TextEncoder();
const MIN_SLAB_BYTES = 1_024;
const MAX_SLAB_BYTES = 65_536;
