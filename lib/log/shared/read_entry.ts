/**
 * A stored entry as a hub reads it: its number, its time, and the events to deliver.
 *
 * @module
 */

import {
  byteLength,
  decodeEntry,
  type EntryIds,
  entryNumber,
  entryTimeMs,
  type StoredEntry,
} from "../entries.ts";
import type { LogEntry } from "../event_log.ts";
import { decodeLoss, type ToldLoss } from "./losses.ts";
import { hash } from "./page_index.ts";

/** An entry that was read. */
export interface ReadEntry {
  readonly place: string;
  /** Empty for an entry that has nothing to deliver and is not the newest. */
  readonly text: string;
  /** The length of the entry's text in characters. */
  readonly length: number;
  /** The length of the entry's text in bytes of UTF-8. */
  readonly bytes: number;
  /** When the entry was appended, in milliseconds since 1970. */
  readonly timeMs: number;
  readonly number: number | undefined;
  /** The id of its last item. */
  readonly id: string;
  /** The loss that the entry records. */
  readonly loss: ToldLoss | undefined;
  /** The entry's mark, which differs from that of another entry at the same place; `undefined` if not known. */
  readonly mark: number | undefined;
  /** The streams of its items; a name may come more than once. */
  readonly streams: readonly string[];
  /** The events to deliver. */
  readonly entries: readonly LogEntry[];
}

/** Reads an entry with all its events. */
export function readEntry(stored: StoredEntry, ids: EntryIds, nowMs: number): ReadEntry {
  const { place, text } = stored;
  const entries = decodeEntry(stored, ids, nowMs);
  return {
    place,
    text,
    length: text.length,
    bytes: byteLength(text),
    timeMs: entryTimeMs(stored),
    number: entryNumber(stored),
    id: entries.at(-1)?.id ?? ids.after(place),
    loss: decodeLoss(stored, ids),
    mark: markOf(text),
    streams: entries.map(({ stream }) => stream),
    entries,
  };
}

/** Returns a hash that tells an entry from another entry at the same place. */
export function markOf(text: string): number {
  return hash(text.slice(0, MARK_LENGTH)) ^ text.length;
}

/** The number of leading characters that are hashed. */
const MARK_LENGTH = 256;
