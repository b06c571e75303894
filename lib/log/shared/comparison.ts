/**
 * Compares a hub with the store of its log: is it the store that the hub knows, and has it lost entries at
 * its end?
 *
 * @module
 */

import { placeAfter } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";
import type { LogMeter } from "../log_stats.ts";
import type { EntryWriter } from "./entry_writer.ts";
import type { LogEpoch } from "./log_epoch.ts";
import type { LogState } from "./log_state.ts";
import { encodeLoss, NOTHING } from "./losses.ts";
import { findLostEnd } from "./lost_end.ts";

/** What a {@linkcode Comparison} compares. */
export interface ComparisonOptions {
  readonly store: EntryStore;
  readonly state: LogState;
  readonly meter: LogMeter;
  readonly writer: EntryWriter;
  /** Returns the epoch that the hub is in. */
  readonly current: () => LogEpoch;
  /** Has the hub begin anew with another epoch, and deliver all that the store has. */
  readonly adopt: (epoch: string) => Promise<void>;
}

/** Compares a hub with its store. No two of its methods may run at the same time. */
export class Comparison {
  readonly #options: ComparisonOptions;
  // Whether the epoch was missing since the ends were last compared.
  #hasLostEpoch = false;

  /** Compares nothing yet. */
  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /** Checks the epoch. While the log is not up, also checks that the store is writable, and its end. */
  async check(): Promise<void> {
    const { store, state } = this.#options;
    await this.checkEpoch();
    if (state.isUp || state.isClosed) return;
    const { downs } = state;
    await store.probe();
    await this.checkEnd();
    // A read that waits for an entry would return much later if there is none.
    const isAtEnd = state.isCaughtUp || await this.#isAtEnd();
    if (downs !== state.downs) return;
    state.check();
    if (isAtEnd) state.read(true);
  }

  /** Checks the epoch. Adopts another epoch: the store has lost everything, and another hub has begun anew. */
  async checkEpoch(): Promise<void> {
    const { store, state, meter, current, adopt } = this.#options;
    // A closed hub must not set an epoch again without recording the loss.
    if (state.isClosed) return;
    const { ids, lag } = current();
    const { epoch, wasMissing, number } = await meter.check(() => store.epoch(ids.epoch));
    lag.note(number);
    if (wasMissing) this.#hasLostEpoch = true;
    if (state.isClosed || epoch === ids.epoch && !wasMissing) return;
    const what = epoch === ids.epoch ? "its epoch" : "all it had, and another hub has begun anew";
    const { isCaughtUp } = state;
    state.down(new Error(`its store has lost ${what}`));
    if (epoch !== ids.epoch) await adopt(epoch);
    // The loss of an epoch does not disturb reading.
    state.read(isCaughtUp);
  }

  /**
   * Finds out whether the store has lost its newest entries, and records the loss for all hubs. Records the
   * losses again whose records this hub has not read: the store may have lost the records. Losses are not
   * joined into one record: a hub that had delivered the last entry of the join might lack one of the others.
   */
  async checkEnd(): Promise<void> {
    const { store, writer, current } = this.#options;
    const epoch = current();
    const { ids, delivery, pages } = epoch;
    const hasLostEpoch = this.#hasLostEpoch;
    const lost = await findLostEnd(store, epoch, hasLostEpoch);
    const number = lost ? lost.common?.number ?? 0 : delivery.number;
    const losses = lost ? [...delivery.untold, lost.loss] : delivery.untold;
    for (const loss of losses) await writer.write(epoch, [encodeLoss(loss, ids)], number);
    if (hasLostEpoch) this.#hasLostEpoch = false;
    if (!lost) return;
    if (lost.isTrimmed) delivery.outlive(lost.loss);
    else delivery.cut(lost.loss, lost.common);
    pages.clear();
  }

  /**
   * Appends an entry without events where a publish waits for an entry that is gone from the end of the
   * store. All hubs then notice the loss at once, and not with the next publish: the number of the lost
   * entry is missing before the new one.
   *
   * @param appendedId The greatest id that the hub has appended.
   */
  async checkAppended(appendedId: string): Promise<void> {
    const { state, writer, current } = this.#options;
    const epoch = current();
    const isDelivered = () => appendedId <= epoch.delivery.lastId;
    if (!state.isUp || isDelivered()) return;
    if (!await this.#isAtEnd() || isDelivered()) return;
    await writer.write(epoch, [NOTHING]);
  }

  /** Whether all entries of the store are delivered. */
  async #isAtEnd(): Promise<boolean> {
    const { store, current } = this.#options;
    const { ids, delivery } = current();
    return (await store.read(placeAfter(ids.placeOf(delivery.lastId)), 1)).length === 0;
  }
}
