/**
 * The newest entries that a hub has delivered, remembered so that a loss can name what was lost.
 *
 * @module
 */

import type { EntryIds, StoredEntry } from "../entries.ts";
import type { LostEntries, NewestStreams } from "./losses.ts";
import { markOf } from "./read_entry.ts";

/** One of the newest entries, or a hole. */
export interface NewestEntry {
  /** The id of the entry's last event, or the id through which entries are missing. */
  readonly id: string;
  /**
   * The streams of the entry; `undefined` if they are not known. The record of a loss counts with the
   * streams of that loss: if the record is lost too, the next record covers both losses.
   */
  readonly names: readonly string[] | undefined;
  /** The mark of the entry's text; left out for a hole. */
  readonly mark?: number | undefined;
}

/** Remembers the newest entries, at least {@linkcode MAX_KNOWN} of them. */
export class NewestEntries {
  readonly #ids: EntryIds;
  #entries: NewestEntry[] = [];

  /** Begins with no entry. */
  constructor(ids: EntryIds) {
    this.#ids = ids;
  }

  /** Adds an entry that is newer than all others. */
  add(entry: NewestEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > 2 * MAX_KNOWN) this.#entries.splice(0, MAX_KNOWN);
  }

  /** Forgets the entries after an id. */
  cut(afterId: string): void {
    this.#entries = this.#entries.filter(({ id }) => id <= afterId);
  }

  /**
   * The streams of the entries after an id, with the id of the last entry of each; `undefined` if the
   * streams are not known, or more than 100.
   */
  streamsAfter(id: string): ReadonlyMap<string, string> | undefined {
    if (this.#entries[0] === undefined || this.#entries[0].id > id) return undefined;
    return this.#lastOfStreams(this.#entries.filter((entry) => entry.id > id));
  }

  /** The last 200 entries after an id, without those before a hole; `undefined` if there is none. */
  entriesAfter(id: string): LostEntries | undefined {
    const after = this.#newestAfter(id);
    if (after.length === 0) return undefined;
    return new Map(after.map(({ id, mark }) => [this.#ids.placeOf(id), mark!]));
  }

  /** The streams of the entries that `entriesAfter()` returns, after the last one whose streams are not known. */
  newestStreamsAfter(id: string): NewestStreams | undefined {
    const newest = this.#newestAfter(id);
    const unknown = newest.findLastIndex(({ names }) => names === undefined);
    const lastIds = this.#lastOfStreams(newest.slice(unknown + 1));
    return lastIds && { afterId: newest[unknown]?.id ?? id, lastIds };
  }

  #lastOfStreams(entries: readonly NewestEntry[]): ReadonlyMap<string, string> | undefined {
    if (entries.some(({ names }) => names === undefined)) return undefined;
    const last = new Map(entries.flatMap(({ id, names }) => {
      // The names of events stand for one item each, and those of a loss for the entry as a whole.
      const isEach = this.#ids.indexOf(id) === names!.length;
      const place = this.#ids.placeOf(id);
      return names!.map((name, i) => [name, isEach ? this.#ids.format(place, i + 1) : id] as const);
    }));
    return last.size <= MAX_LOST_STREAMS ? last : undefined;
  }

  #newestAfter(id: string): NewestEntry[] {
    const newest = this.#entries.slice(-MAX_LOST_ENTRIES).filter((entry) => entry.id > id);
    return newest.slice(newest.findLastIndex(({ mark }) => mark === undefined) + 1);
  }

  /** Whether an entry is the one that was delivered with an id, and not another at the same place. */
  isDelivered(entry: StoredEntry, id: string): boolean {
    const mark = this.#entries.findLast((known) => known.id === id)?.mark;
    return mark === undefined || mark === markOf(entry.text);
  }
}

/** The number of entries that are remembered at least. */
export const MAX_KNOWN = 1_000;
const MAX_LOST_ENTRIES = 200;
const MAX_LOST_STREAMS = 100;
