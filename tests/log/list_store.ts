/**
 * What keeps the entries of a log, as a list that a test fills and looks into.
 *
 * @module
 */

import { encodeEntry, encodeItem, type StoredEntry } from "../../lib/log/entries.ts";
import type { EntryStore } from "../../lib/log/entry_store.ts";

/** Makes the entry at a place: an event of a stream, whose data is the place or what is given. */
export function storedEntry(place: number, data = `${place}`, stream = "x"): StoredEntry {
  return {
    place: `${place}`,
    text: encodeEntry(Date.now(), [encodeItem(stream, { data })]),
  };
}

/** Keeps entries at places of three characters, and counts what is asked of it. */
export class ListStore implements EntryStore {
  readonly placeLength = 3;
  readonly maxEntryBytes = 1_000_000;
  readonly entries: StoredEntry[];
  /** The places from which entries were read, and how many were asked for. */
  readonly reads: [place: string, count: number][] = [];
  /** How many entries it was asked for each time it was followed. */
  readonly nexts: number[] = [];
  /** What reading, following and trimming wait for; where it rejects, they do. */
  reading: Promise<unknown> = Promise.resolve();
  following: Promise<unknown> = Promise.resolve();
  trimming: Promise<unknown> = Promise.resolve();
  /** Says that it can't be reached. */
  fail: (reason: unknown) => void = () => {};
  #added = Promise.withResolvers<void>();
  #isClosed = false;
  /** Through which id, without its epoch, it was trimmed. */
  trimmedThrough: string | undefined;

  /** Begins with a list, which it adds to, trimmed as it was before. */
  constructor(entries: StoredEntry[] = [], trimmedThrough?: string) {
    this.entries = entries;
    this.trimmedThrough = trimmedThrough;
  }

  open(onDown: (reason: unknown) => void = () => {}): Promise<string> {
    this.fail = onDown;
    return Promise.resolve("e");
  }

  /** Keeps an entry at the place after the last. */
  write(text: string): Promise<string> {
    const last = this.entries.at(-1)?.place ?? this.trimmedThrough?.slice(0, this.placeLength);
    const place = `${Number(last ?? 100) + 1}`;
    this.add({ place, text });
    return Promise.resolve(place);
  }

  /** Keeps an entry that another instance has written. */
  add(entry: StoredEntry): void {
    this.entries.push(entry);
    this.#added.resolve();
    this.#added = Promise.withResolvers();
  }

  async probe(): Promise<void> {}

  async read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    this.reads.push([fromPlace, count]);
    await this.reading;
    return this.entries.filter(({ place }) => place >= fromPlace).slice(0, count);
  }

  async next(afterPlace: string, count: number): Promise<StoredEntry[]> {
    this.nexts.push(count);
    await this.following;
    const fresh = () => this.entries.filter(({ place }) => place > afterPlace).slice(0, count);
    if (fresh().length === 0 && !this.#isClosed) await this.#added.promise;
    return this.#isClosed ? [] : fresh();
  }

  async trim(places: readonly string[], through: string): Promise<void> {
    await this.trimming;
    this.trimmedThrough = through;
    this.entries.splice(0, places.length);
  }

  /** Answers after the reads that were asked for before, as a connection does. */
  async gone(): Promise<string | undefined> {
    await this.reading;
    return this.trimmedThrough;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#added.resolve();
    return Promise.resolve();
  }
}
