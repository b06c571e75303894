/**
 * Makes a page of stored entries, and finds out which entries are missing in it.
 *
 * @module
 */

import { decodeEntry, type EntryIds, entryNumber, type StoredEntry } from "../entries.ts";
import type { LogEntry, LogPage } from "../event_log.ts";
import { decodeLoss, hasAllOf, type Losses } from "./losses.ts";
import type { Trimmed } from "./trim_mark.ts";

/** Entries that were read for a client that has all events through an id. */
export interface Reading {
  /** The id of the last event that the client has. */
  readonly afterId: string;
  /** The place from which entries were read: that of the id, or one further on. */
  readonly place: string;
  /** The entries from that place on, including the entry at the place if the store has it. */
  readonly stored: readonly StoredEntry[];
  /** The store's trim mark, read after the entries. */
  readonly trimmed: Trimmed;
  /** The time by the clock that entries are stamped with. */
  readonly nowMs: number;
  /** Whether the hub knows of an entry between the id and the first of these entries. */
  readonly hasHole: boolean;
}

/** Entries that are missing before another one. */
export interface Missing {
  /** The id through which entries are missing. */
  readonly throughId: string;
  /** The streams of the missing entries; `undefined` if they may be of any stream. */
  readonly streams: readonly string[] | undefined;
  /** The id of the last missing entry, if it is before `throughId`. */
  readonly lastId?: string | undefined;
}

/** What is known before the first entry of a reading. */
interface Start {
  /** The missing entries right after the id. */
  readonly missing?: Missing;
  /** The number before that of the first entry, if it is known. */
  readonly number?: number | undefined;
}

function startOf(
  ids: EntryIds,
  losses: Losses,
  { afterId, place, stored, trimmed, hasHole }: Reading,
): Start {
  const { id, number } = trimmed;
  if (id > afterId) return { missing: { throughId: id, streams: undefined }, number };
  const first = stored[0]?.place;
  // The entry of the id is not lost where it is there, was trimmed, or is yet to come.
  const isDropped = place <= ids.placeOf(id);
  if (first === undefined || first === place) return {};
  if (isDropped && !hasHole) return { number };
  const loss = losses.of(afterId);
  if (loss && !loss.isMixed && !isDropped) {
    const { number, throughId } = loss;
    if (!hasAllOf(loss, afterId)) {
      return { missing: { throughId, streams: losses.lacking(loss, afterId) }, number };
    }
    // If the record of the loss is missing too, other entries may be missing.
    if (number !== undefined || first <= ids.placeOf(loss.id)) return { number };
  }
  // The entry of the id was in the store, and was not trimmed: the store has lost it.
  return { missing: { throughId: ids.format(first, 0), streams: undefined } };
}

/** Whether an entry has a number of its own, and not the one that follows another. */
export function isAfterHole(own: number | undefined, number: number | undefined): boolean {
  return own !== undefined && number !== undefined && own !== number + 1;
}

/** Makes the page of a reading. */
export function pageAfter(ids: EntryIds, known: Losses, reading: Reading): LogPage {
  const { afterId: hadId, trimmed, nowMs } = reading;
  const losses = known.including(reading.stored, ids);
  const entries: LogEntry[] = [];
  let { missing, number } = startOf(ids, losses, reading);
  for (const entry of reading.stored) {
    // An entry that was trimmed after it had been read does not follow the mark.
    if (trimmed.id > hadId && entry.place <= ids.placeOf(trimmed.id)) continue;
    const fromId = missing?.throughId ?? hadId;
    const before = missingAt(ids, losses, entry, { fromId, number });
    if (before) {
      // A gap comes after the events before it.
      if (entries.length > 0) break;
      missing = missing ? both(missing, before) : before;
    }
    number = entryNumber(entry) ?? number;
    const afterId = missing?.throughId ?? hadId;
    entries.push(...decodeEntry(entry, ids, nowMs).filter(({ id }) => id > afterId));
  }
  return {
    entries,
    goneThrough: missing?.throughId,
    ...missing?.streams && { goneStreams: missing.streams },
    ...missing?.lastId && { lastGoneId: missing.lastId },
  };
}

function missingAt(
  ids: EntryIds,
  losses: Losses,
  entry: StoredEntry,
  { fromId, number }: { fromId: string; number: number | undefined },
): Missing | undefined {
  const hole = isAfterHole(entryNumber(entry), number)
    ? { throughId: ids.format(entry.place, 0), streams: undefined }
    : undefined;
  const loss = decodeLoss(entry, ids);
  const isTold = !loss || loss.id <= fromId || hasAllOf(loss, fromId) || losses.isRepeated(loss);
  if (isTold) return hole;
  const streams = losses.lacking(loss, fromId);
  const told = { throughId: loss.id, streams, lastId: loss.throughId };
  // The client stays at its id: a later record may cover the same entries.
  if (streams?.length === 0) return hole;
  return hole ? both(hole, told) : told;
}

function both(first: Missing, second: Missing): Missing {
  const streams = first.streams && second.streams &&
    [...new Set([...first.streams, ...second.streams])];
  const lastId = [first, second].map(({ lastId, throughId }) => lastId ?? throughId)
    .reduce((a, b) => a > b ? a : b);
  return { throughId: second.throughId, streams, lastId };
}
