/**
 * Trims a log to its retention.
 *
 * @module
 */

import type { EntryStore } from "../entry_store.ts";
import type { LogEpoch } from "./log_epoch.ts";

/** What a {@linkcode Trimmer} trims. */
export interface TrimmerOptions {
  readonly store: EntryStore;
  /** Is told once that trimming fails, again and again. */
  readonly onFail: (error: unknown) => void;
}

/** Trims the entries that are due. Where that fails, the log goes on with more entries than it should have. */
export class Trimmer {
  readonly #options: TrimmerOptions;
  #failures = 0;

  /** Begins with no failure. */
  constructor(options: TrimmerOptions) {
    this.#options = options;
  }

  /**
   * Trims what is due. Never rejects.
   *
   * @param isUp Whether the store is reachable: a failure counts only then.
   */
  async trim(epoch: LogEpoch, isUp: boolean): Promise<void> {
    const { ids, retention, index, pages, delivery, ends } = epoch;
    const { store, onFail } = this.#options;
    const { nowMs } = store;
    const due = retention.due(nowMs);
    if (due.length === 0) return;
    const throughId = due.at(-1)!.id;
    const entries = due.map(({ id, number }) => ({ place: ids.placeOf(id), number }));
    const dueEnds = ends.due(throughId, nowMs);
    try {
      await store.trim(entries, ids.withoutEpoch(throughId), dueEnds);
    } catch (error) {
      if (isUp && ++this.#failures === MAX_FAILURES) onFail(error);
      return;
    }
    this.#failures = 0;
    retention.drop(due.length);
    ends.drop(throughId, dueEnds, nowMs);
    index.drop(due.map(({ id }) => id));
    pages.drop(throughId);
    delivery.losses.drop(throughId);
  }
}

/** Other hubs that write at the same time may make a few attempts fail. */
const MAX_FAILURES = 3;
