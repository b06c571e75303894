/**
 * The seam behind a log that several instances share: what keeps its entries.
 *
 * @module
 */

import type { StoredEntry } from "./entries.ts";

/** What keeps the entries of a `SharedLog`. Any call may reject while it can't be reached. */
export interface EntryStore {
  /** How many characters a place has. */
  readonly placeLength: number;
  /** The most bytes of an entry's text in UTF-8. */
  readonly maxEntryBytes: number;
  /**
   * Opens it, once; however long that takes. Rejects where trying again would not help.
   *
   * @param onDown Is told, as often as it is noticed, that it can't be reached; when it is back, it may
   * have lost entries.
   * @returns The epoch: random where the store is new, then the same for all who open it.
   */
  open(onDown: (reason: unknown) => void): Promise<string>;
  /** Appends an entry and resolves with its place, greater as text than all before, once it is kept. */
  write(text: string): Promise<string>;
  /** Writes something that changes nothing, to see whether it can be written. */
  probe(): Promise<void>;
  /**
   * The oldest entries from a place on, itself included, in one piece: all there are, or `count`.
   */
  read(fromPlace: string, count: number): Promise<StoredEntry[]>;
  /**
   * The oldest entries after a place, at most `count`. Where it may wait it waits for some, though not
   * for ever: then there are none.
   */
  next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]>;
  /**
   * Drops entries: the oldest, by their places. Others may have done so before.
   *
   * @param through What `gone()` is to say from now on, unless it says something greater.
   */
  trim(places: readonly string[], through: string): Promise<void>;
  /** Up to where entries have been dropped, or are about to be; `undefined` if none ever was. */
  gone(): Promise<string | undefined>;
  /** Closes it, and has `next()` settle. */
  close(): Promise<void>;
}
