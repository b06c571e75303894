/**
 * How far a hub is behind the store of its log.
 *
 * @module
 */

import type { Delivery } from "./delivery.ts";
import { type EntryIds, entryNumber, entryTimeMs, placeAfter } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";

/** What a {@linkcode LogLag} compares. */
export interface LogLagOptions {
  readonly store: EntryStore;
  readonly ids: EntryIds;
  readonly delivery: Delivery;
}

/**
 * Compares the number of the store's newest entry with that of the newest one delivered: numbers are
 * contiguous, so the difference is how many entries wait.
 */
export class LogLag {
  readonly #options: LogLagOptions;
  #noted = 0;
  // The number of the store's newest entry at the last look.
  #newest = 0;
  // No entry up to this number waits: each was delivered, dropped or lost.
  #through = 0;
  // When the oldest entry that waited at the last look was appended.
  #oldestMs = 0;

  /** Begins with no lag. */
  constructor(options: LogLagOptions) {
    this.#options = options;
  }

  /** How many entries wait, of those that the store had at the last look. */
  get entries(): number {
    return Math.max(this.#newest - this.#delivered, 0);
  }

  /** The age of the oldest entry that waits, in milliseconds; 0 if none does. */
  ageMs(nowMs: number): number {
    if (this.entries === 0) return 0;
    const { last } = this.#options.delivery;
    // Whatever was delivered since the last look is older than what waits now.
    const oldestMs = Math.max(this.#oldestMs, last ? entryTimeMs(last) : 0);
    return Math.max(nowMs - oldestMs, 0);
  }

  /** Takes note of the number of the store's newest entry; `undefined` if the store knows none. */
  note(newest: number | undefined): void {
    this.#noted = Number.isSafeInteger(newest) ? newest! : 0;
    // A store that has lost its newest entries gives their numbers again.
    this.#through = Math.min(this.#through, this.#noted);
  }

  /**
   * Compares the noted number with what was delivered. Where it is greater, reads the oldest entry that
   * waits; there is none if all that this hub lacks was dropped before the hub read it.
   */
  async look(): Promise<void> {
    const { store, ids, delivery } = this.#options;
    const newest = this.#noted;
    if (newest > this.#delivered) {
      try {
        const [oldest] = await store.read(placeAfter(ids.placeOf(delivery.lastId)), 1);
        this.#through = oldest ? (entryNumber(oldest) ?? 1) - 1 : newest;
        // What no hub has written has no time.
        this.#oldestMs = (oldest && entryTimeMs(oldest)) || store.nowMs;
      } catch {
        // Whoever reads on finds out that the store can't be read; the lag stays what it was.
        return;
      }
    }
    this.#newest = newest;
  }

  get #delivered(): number {
    return Math.max(this.#options.delivery.number, this.#through);
  }
}
