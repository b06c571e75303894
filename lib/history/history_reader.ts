/**
 * Reads a history in order, with one search at the start.
 *
 * @module
 */

import { firstIndex } from "../wire/first_index.ts";
import type { Slab, Slice } from "./slab.ts";

/** Reads the slabs of a history in order. Valid until the history changes. */
export class HistoryReader {
  readonly #slabs: readonly Slab[];
  #slab: number;
  #index: number;
  /** The position of the next event; `Infinity` after the last event. */
  next: number;

  /** Begins after position `cursor`. */
  constructor(slabs: readonly Slab[], cursor: number) {
    this.#slabs = slabs;
    this.#slab = firstIndex(0, slabs.length, (index) => slabs[index]!.newest > cursor);
    const slab = slabs[this.#slab];
    this.#index = slab?.after(cursor) ?? 0;
    this.next = slab?.position(this.#index) ?? Infinity;
  }

  /**
   * Reads the next events through position `through`: at least one, and as many more of the same slab as
   * fit `maxBytes`.
   *
   * @returns `undefined` if there is no such event.
   */
  read(through: number, maxBytes: number): Slice | undefined {
    const slab = this.#slabs[this.#slab];
    if (!slab || this.next > through) return undefined;
    const slice = slab.slice(this.#index, through, maxBytes);
    this.#index += slice.events;
    if (this.#index === slab.events) {
      this.#slab++;
      this.#index = 0;
    }
    this.next = this.#slabs[this.#slab]?.position(this.#index) ?? Infinity;
    return slice;
  }
}
