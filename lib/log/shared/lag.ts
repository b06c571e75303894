/**
 * How far a hub is behind the store of its log.
 *
 * @module
 */

import type { Delivery } from "./delivery.ts";
import { type EntryIds, entryNumber, entryTimeMs, placeAfter } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";

/** Options of {@linkcode LogLag}. */
export interface LogLagOptions {
  readonly store: EntryStore;
  readonly ids: EntryIds;
  readonly delivery: Delivery;
}

/**
 * Compares the number of the store's newest entry with the number of the newest delivered entry. Numbers
 * are contiguous, so the difference is the number of waiting entries.
 */
export class LogLag {
  readonly #options: LogLagOptions;
  #noted = 0;
  // The number of the store's newest entry at the last look.
  #newest = 0;
  // No entry through this number is waiting: each was delivered, trimmed or lost.
  #through = 0;
  // When the oldest waiting entry of the last look was appended.
  #oldestMs = 0;

  /** Begins without a lag. */
  constructor(options: LogLagOptions) {
    this.#options = options;
  }

  /** The number of waiting entries, among the entries that the store had at the last look. */
  get entries(): number {
    return Math.max(this.#newest - this.#delivered, 0);
  }

  /** Returns the age of the oldest waiting entry in milliseconds; 0 without waiting entries. */
  ageMs(nowMs: number): number {
    if (this.entries === 0) return 0;
    const { last } = this.#options.delivery;
    // Entries delivered since the last look are older than every waiting entry.
    const oldestMs = Math.max(this.#oldestMs, last ? entryTimeMs(last) : 0);
    return Math.max(nowMs - oldestMs, 0);
  }

  /** Notes the number of the store's newest entry; `undefined` if the store knows no number. */
  note(newest: number | undefined): void {
    this.#noted = Number.isSafeInteger(newest) ? newest! : 0;
    // A store that has lost its newest entries assigns their numbers again.
    this.#through = Math.min(this.#through, this.#noted);
  }

  /**
   * Compares the noted number with the number of the newest delivered entry. If the noted number is
   * greater, reads the oldest waiting entry. No entry is waiting if all the missing entries were trimmed
   * before this hub could read them.
   */
  async look(): Promise<void> {
    const { store, ids, delivery } = this.#options;
    const newest = this.#noted;
    if (newest > this.#delivered) {
      try {
        const [oldest] = await store.read(placeAfter(ids.placeOf(delivery.lastId)), 1);
        this.#through = oldest ? (entryNumber(oldest) ?? 1) - 1 : newest;
        // An entry that no hub has written has no time.
        this.#oldestMs = (oldest && entryTimeMs(oldest)) || store.nowMs;
      } catch {
        // Delivery finds out by itself that the store is unreachable; the lag stays as it was.
        return;
      }
    }
    this.#newest = newest;
  }

  get #delivered(): number {
    return Math.max(this.#options.delivery.number, this.#through);
  }
}
