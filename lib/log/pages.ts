/**
 * What entries that were read say of what comes after an id, and of what is missing there.
 *
 * @module
 */

import { decodeEntry, type EntryIds, LOSS, type StoredEntry } from "./entries.ts";
import type { LogEntry, LogPage } from "./log.ts";

/** What was read for somebody who has all up to an id. */
export interface Reading {
  /** The id of the last that it has. */
  readonly afterId: string;
  /** Where was read from: the place of that id, or one further on. */
  readonly place: string;
  /** The entries from there on, the one at that place included if it is there. */
  readonly stored: readonly StoredEntry[];
  /** The id up to which entries have been dropped. */
  readonly gone: string;
}

/** The id up to which what comes after an id is gone, as far as a reading tells before its entries. */
export function goneAfter(
  ids: EntryIds,
  { afterId, place, stored, gone }: Reading,
): string | undefined {
  if (gone > afterId) return gone;
  const first = stored[0]?.place ?? place;
  // It was there when the id was given, and nobody has dropped it: the store has lost it.
  const isLost = first !== place && place > ids.placeOf(gone);
  return isLost ? ids.format(first, 0) : undefined;
}

/** The page that a reading makes. */
export function pageAfter(ids: EntryIds, reading: Reading): LogPage {
  const nowMs = Date.now();
  let goneThrough = goneAfter(ids, reading);
  const entries: LogEntry[] = [];
  for (const entry of reading.stored) {
    const fromId = goneThrough ?? reading.afterId;
    entries.push(...decodeEntry(entry, ids, nowMs).filter(({ id }) => id > fromId));
    if (entry.text !== LOSS || ids.after(entry.place) <= fromId) continue;
    // What was lost is told when all before it was.
    if (entries.length > 0) break;
    goneThrough = ids.after(entry.place);
  }
  return { entries, goneThrough };
}
