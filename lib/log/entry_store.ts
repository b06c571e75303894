/**
 * The seam behind a log that several instances share: what keeps its entries.
 *
 * @module
 */

import type { EndRecord } from "./shared/ends.ts";
import type { Item, StoredEntry } from "./entries.ts";

/** Where an item stands. */
export interface Placed {
  /** The place of its entry. */
  readonly place: string;
  /** Which item it is there, from 1 on. */
  readonly index: number;
}

/** What the writing hub knows of the order that it writes to. */
export interface WriteOptions {
  /** The epoch; where the store has another, or none, it rejects with an {@linkcode EpochError}. */
  readonly epoch: string;
  /** The greatest place that the hub knows: the entry's place is greater. */
  readonly floor: string;
  /** The number of the newest entry that the hub has read: it counts where the store knows none. */
  readonly number: number;
}

/** Says that a store has another epoch than the one that was to be written in, or none. */
export class EpochError extends Error {
  /** What it is called. */
  override readonly name: string = "EpochError";
}

/** The epoch of a store. */
export interface EpochState {
  /** The epoch that the store has now. */
  readonly epoch: string;
  /** Whether the store had none: it has lost that at least. */
  readonly wasMissing: boolean;
  /** The number of the newest entry, dropped or not; left out where the store knows none. */
  readonly number?: number | undefined;
}

/** What keeps the entries of a `SharedLog`. Any call may reject while it can't be reached. */
export interface EntryStore {
  /** How many characters a place has. */
  readonly placeLength: number;
  /** The most bytes of an entry's text in UTF-8. */
  readonly maxEntryBytes: number;
  /** The most items with a key in an entry. */
  readonly maxEntryKeys: number;
  /**
   * The time by the clock that entries are stamped with, in milliseconds since 1970, as far as it is
   * known: good once it is open, and compared anew with each `epoch()`.
   */
  readonly nowMs: number;
  /**
   * Opens it, once; however long that takes. Rejects where trying again would not help.
   *
   * @param onDown Is told, as often as it is noticed, that it can't be reached; when it is back, it may
   * have lost entries.
   * @returns The epoch: random where the store is new, then the same for all who open it.
   */
  open(onDown: (reason: unknown) => void): Promise<string>;
  /** The epoch that there is; where there is none, the one given from now on. */
  epoch(own: string): Promise<EpochState>;
  /**
   * Appends an entry: those of the items whose key no earlier item has. It gets the number after that of
   * the entry before it, and a place that is greater as text than all before. Where no item is left
   * there is no entry.
   *
   * A key is known for as long as the log keeps the entry of its item, up to the age of its retention.
   *
   * @returns Where each item stands, once they are kept; one that was left out: where the first item with
   * its key stands.
   */
  write(items: readonly Item[], options: WriteOptions): Promise<readonly Placed[]>;
  /** Writes something that changes nothing, to see whether it can be written. */
  probe(): Promise<void>;
  /**
   * The oldest entries from a place on, itself included, in one piece: all there are, or `count`.
   */
  read(fromPlace: string, count: number): Promise<StoredEntry[]>;
  /**
   * The newest entries before a place, or of all, the newest first, in one piece: all there are, or
   * `count`.
   */
  readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]>;
  /**
   * The oldest entries after a place, at most `count`. Where it may wait it waits for some, though not
   * for ever: then there are none.
   */
  next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]>;
  /**
   * Drops entries: the oldest, by their places. Others may have done so before.
   *
   * @param through What `gone()` is to say from now on, unless it says something greater.
   * @param ends What `ends()` is to give from then on as well, for as long as the retention says.
   */
  trim(places: readonly string[], through: string, ends?: readonly EndRecord[]): Promise<void>;
  /** Up to where entries have been dropped, or are about to be; `undefined` if none ever was. */
  gone(): Promise<string | undefined>;
  /**
   * What `trim()` was to keep, in any order, and each as often as it was: texts of `encodeEndRecord()`,
   * or whatever somebody else has written.
   */
  ends(): Promise<readonly unknown[]>;
  /** Closes it, and has `next()` settle. */
  close(): Promise<void>;
}
