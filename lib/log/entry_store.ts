/**
 * The seam between a shared log and its store, which keeps the entries.
 *
 * @module
 */

import type { EndRecord } from "./shared/ends.ts";
import type { Item, StoredEntry } from "./entries.ts";
import type { Notes } from "./notes.ts";

/** The position of an item. */
export interface Placed {
  /** The place of the item's entry. */
  readonly place: string;
  /** The index of the item in its entry, from 1 on. */
  readonly index: number;
}

/** Options of {@linkcode EntryStore.write}: what the writing hub knows of the log. */
export interface WriteOptions {
  /** The epoch. If the store has another epoch or none, it rejects with an {@linkcode EpochError}. */
  readonly epoch: string;
  /** The greatest place that the hub knows; the entry's place must be greater. */
  readonly floor: string;
  /** The number of the newest entry that the hub has read, used if the store knows no number. */
  readonly number: number;
}

/** The error of a write into an epoch that the store no longer has. */
export class EpochError extends Error {
  /** The name of the error. */
  override readonly name: string = "EpochError";
}

/** The epoch of a store. */
export interface EpochState {
  /** The epoch that the store has now. */
  readonly epoch: string;
  /** Whether the store had no epoch, and so has lost at least that. */
  readonly wasMissing: boolean;
  /** The number of the newest entry, trimmed or not. Left out if the store knows no number. */
  readonly number?: number | undefined;
}

/** An entry to trim. */
export interface DueEntry {
  /** The place of the entry. */
  readonly place: string;
  /**
   * The number that the next entry follows: the entry's own, or without one that of the last numbered entry
   * before it. `undefined` if it is not known.
   */
  readonly number?: number | undefined;
}

/** Through where a store has been trimmed. */
export interface TrimMark {
  /** The argument `through` of the last `trim()`. */
  readonly through: string;
  /** The number of the last trimmed entry. `undefined` if the hub that trimmed it has not kept the number. */
  readonly number: number | undefined;
}

/** A store for the entries of a `SharedLog`. Every method may reject while the store is unreachable. */
export interface EntryStore {
  /** The number of characters in a place. */
  readonly placeLength: number;
  /** The most bytes of an entry's text in UTF-8. */
  readonly maxEntryBytes: number;
  /** The most items with a key in an entry. */
  readonly maxEntryKeys: number;
  /**
   * The time by the clock that stamps the entries, in milliseconds since 1970. Valid once `open()` has
   * resolved, and adjusted with each `epoch()`.
   */
  readonly nowMs: number;
  /**
   * Opens the store. Called once; waits while the store is unreachable, and rejects if trying again would
   * not help.
   *
   * @param onDown Must be called each time that the store turns out to be unreachable. When the store is
   * reachable again, it may have lost entries.
   * @returns The epoch: random for a new store, and then the same for every hub that opens the store.
   */
  open(onDown: (reason: unknown) => void): Promise<string>;
  /**
   * Reads the epoch. If the store has none, `own` becomes its epoch. Rejects if a newer version has changed
   * the format of the store.
   */
  epoch(own: string): Promise<EpochState>;
  /**
   * Appends an entry of the items whose key no earlier item has. The entry's number is one more than the
   * number of the entry before it, and its place is greater as text than all earlier places. If no item
   * is left, appends nothing.
   *
   * The store must know a key for as long as the log keeps the item's entry, up to the retention's
   * `maxAgeMs`.
   *
   * @returns The position of each item, once the entry is durable. For an item with a known key, the
   * position of the first item with that key.
   */
  write(items: readonly Item[], options: WriteOptions): Promise<readonly Placed[]>;
  /** Writes something harmless, to find out whether the store can be written. */
  probe(): Promise<void>;
  /** Reads the oldest entries from a place on, that place included; `count` of them unless fewer exist. */
  read(fromPlace: string, count: number): Promise<StoredEntry[]>;
  /**
   * Reads the newest entries before a place, or of the whole store, newest first; `count` of them unless
   * fewer exist.
   */
  readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]>;
  /**
   * Reads the oldest entries after a place, at most `count`. If there are none and `mayWait` is true,
   * waits for new entries for a bounded time, and then resolves with none.
   */
  next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]>;
  /**
   * Trims the oldest entries. Other instances may have trimmed some of them already.
   *
   * @param through The trim mark from now on, with the number of the last of these entries, unless the mark
   * is greater already.
   * @param ends Records that `ends()` must return from now on as well, for as long as the retention says.
   */
  trim(due: readonly DueEntry[], through: string, ends?: readonly EndRecord[]): Promise<void>;
  /**
   * Returns the mark through which entries have been trimmed, or are about to be. `undefined` if no entry
   * was ever trimmed.
   *
   * Hubs of earlier builds move the mark and keep no number. So a store keeps the number together with its
   * mark, and a number of another mark does not count.
   */
  trimMark(): Promise<TrimMark | undefined>;
  /**
   * Returns the records of all `trim()` calls as texts of `encodeEndRecord()`, in any order and with
   * repeats. Foreign values under the same keys may be among them.
   */
  ends(): Promise<readonly unknown[]>;
  /**
   * The notes beside the entries. Left out by a store that keeps none: then a hub disconnects its own
   * clients only.
   */
  readonly notes?: Notes | undefined;
  /** Closes the store; a pending `next()` must settle. */
  close(): Promise<void>;
}
