/**
 * Follows a store: reads the next entries as they come, and delivers them.
 *
 * @module
 */

import type { StoredEntry } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";
import type { Comparison } from "./comparison.ts";
import type { LogEpoch } from "./log_epoch.ts";
import type { LogState } from "./log_state.ts";
import type { PageSize } from "./page_size.ts";
import type { Pause } from "./pause.ts";
import type { Serial } from "./serial.ts";
import { readTrimmed } from "./trim_mark.ts";

/** What a {@linkcode Follower} follows, and what it calls. */
export interface FollowerOptions {
  readonly store: EntryStore;
  readonly state: LogState;
  readonly comparison: Comparison;
  /** Keeps deliveries and comparisons apart. */
  readonly serial: Serial;
  readonly pause: Pause;
  /** The size of the pages that are delivered. */
  readonly size: PageSize;
  /** The longest pause after a failure, in milliseconds. */
  readonly maxPauseMs: number;
  /** Returns the epoch that the hub is in. */
  readonly current: () => LogEpoch;
  /** Called when the store is reachable again, so that the hub compares itself with the store at once. */
  readonly onReach: () => void;
}

/** Follows a store until the log is closed. */
export class Follower {
  readonly #options: FollowerOptions;

  /** Follows nothing yet. */
  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Resolves when the log is closed. Never rejects: a failure is reported to the state, and tried again. */
  async follow(): Promise<void> {
    const { state, pause, maxPauseMs, onReach } = this.#options;
    let failures = 0;
    while (!state.isClosed) {
      try {
        await this.#readNext();
        if (failures > 0 && !state.isChecked) onReach();
        failures = 0;
      } catch (error) {
        state.down(error);
        await pause.wait(Math.min(50 * 2 ** failures++, maxPauseMs));
      }
    }
  }

  async #readNext(): Promise<void> {
    const { state, serial, current } = this.#options;
    const { delivery } = current();
    const { downs } = state;
    const { page, isFull } = await this.#next();
    await serial.run(async () => {
      // A page of an epoch that the hub has left must not be delivered.
      if (state.isClosed || delivery !== current().delivery) return;
      await this.#take(page);
      if (downs === state.downs) state.read(!isFull);
    });
  }

  async #next(): Promise<{ page: StoredEntry[]; isFull: boolean }> {
    const { store, state, size, current } = this.#options;
    const { ids, delivery } = current();
    const { count } = size;
    try {
      // After an outage the answer shows that the store is reachable, so it may not wait for an entry.
      const page = await store.next(ids.placeOf(delivery.lastId), count, state.isCaughtUp);
      size.measure(page);
      return { page, isFull: page.length >= count };
    } catch (error) {
      size.halve();
      throw error;
    }
  }

  /** Delivers the next entries, once it is known what is missing before them. */
  async #take(page: readonly StoredEntry[]): Promise<void> {
    const { store, state, comparison, current } = this.#options;
    const { ids, delivery, ends } = current();
    const isForeign = page.some((entry) => ids.isForeign(entry));
    if (isForeign || !state.isChecked) await comparison.checkEpoch();
    if (state.isClosed || delivery !== current().delivery) return;
    // After an outage, the numbers of another run of the store may go on by chance.
    if (!state.isChecked || !delivery.goesOn(page)) await comparison.checkEnd();
    if (delivery.hasHole(page)) {
      const { id } = await readTrimmed(store, ids);
      if (id !== ids.zero) ends.adopt(await store.ends(), id);
    }
    if (!state.isClosed) delivery.take(page);
  }
}
