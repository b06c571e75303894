/**
 * Writes entries to a store, so that each place is greater than all that the hub knows.
 *
 * @module
 */

import type { Item } from "../entries.ts";
import type { EntryStore, Placed } from "../entry_store.ts";
import type { LogMeter } from "../log_stats.ts";
import type { LogEpoch } from "./log_epoch.ts";

/** Writes entries. */
export class EntryWriter {
  readonly #store: EntryStore;
  readonly #meter: LogMeter;
  // The greatest place written, in any epoch.
  #floor = "";

  /** Writes to a store, and has each write measured. */
  constructor(store: EntryStore, meter: LogMeter) {
    this.#store = store;
    this.#meter = meter;
  }

  /**
   * Writes items as one entry.
   *
   * @param number The number of the newest entry known; by default that of the newest one delivered.
   */
  async write(
    { ids, delivery }: LogEpoch,
    items: readonly Item[],
    number: number = delivery.number,
  ): Promise<readonly Placed[]> {
    const place = ids.placeOf(delivery.lastId);
    const floor = place > this.#floor ? place : this.#floor;
    const options = { epoch: ids.epoch, floor, number };
    const placed = await this.#meter.append(() => this.#store.write(items, options));
    for (const { place } of placed) if (place > this.#floor) this.#floor = place;
    return placed;
  }
}
