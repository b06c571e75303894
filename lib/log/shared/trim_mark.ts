/**
 * Up to where a store has been trimmed, as an id.
 *
 * @module
 */

import type { EntryIds } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";

/** Where the oldest entry of a store follows. */
export interface Trimmed {
  /** The id through which entries have been trimmed, or are about to be; `EntryIds.zero` if none ever was. */
  readonly id: string;
  /**
   * The number of the last entry trimmed, 0 if none ever was. The oldest entry has the number after it,
   * unless entries behind the mark are lost; `undefined` if the number is not known.
   */
  readonly number: number | undefined;
}

/** Reads the trim mark of a store. */
export async function readTrimmed(store: EntryStore, ids: EntryIds): Promise<Trimmed> {
  const mark = await store.trimMark();
  if (!mark) return { id: ids.zero, number: 0 };
  return { id: ids.withEpoch(mark.through), number: mark.number };
}
