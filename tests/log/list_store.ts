/**
 * An entry store in a list, which a test can fill, inspect and damage.
 *
 * @module
 */

import { encodeEndRecord, type EndRecord } from "../../lib/log/shared/ends.ts";
import {
  encodeEntry,
  encodeItem,
  entryNumber,
  type Item,
  type StoredEntry,
} from "../../lib/log/entries.ts";
import {
  type DueEntry,
  type EntryStore,
  EpochError,
  type EpochState,
  type Placed,
  type TrimMark,
  type WriteOptions,
} from "../../lib/log/entry_store.ts";
import type { Notes, NoteTopic } from "../../lib/log/notes.ts";

/**
 * Makes an entry with one event. The place is also the entry's number, and by default the event's data.
 */
export function storedEntry(place: number, data = `${place}`, stream = "x"): StoredEntry {
  return {
    place: `${place}`,
    text: encodeEntry(Date.now(), place, [encodeItem(stream, { data })]),
  };
}

/** Makes an entry as hubs without numbers write it. */
export function oldEntry(place: number): StoredEntry {
  const text = `[${Date.now()},${encodeItem("x", { data: `${place}` }).text}]`;
  return { place: `${place}`, text };
}

/** The list that several stores share, so that their hubs share a log. */
export class SharedList {
  readonly entries: StoredEntry[];
  readonly keys = new Map<string, Placed>();
  epoch: string | undefined = "e";
  number: number | undefined;
  gone: string | undefined;
  /** The number of the last entry trimmed, with the mark that it belongs to. */
  goneNumber: TrimMark | undefined;
  readonly ends: string[] = [];
  readonly notes: { readonly topic: NoteTopic; readonly text: string; readonly timeMs: number }[] =
    [];
  /** How far the clock that stamps entries is ahead of this process's clock, in milliseconds. */
  aheadMs = 0;
  /** The greatest place so far. Like the time, it only grows: a snapshot does not restore it. */
  clock = 100;
  added: PromiseWithResolvers<void> = Promise.withResolvers();

  /** Takes over an array of entries. Entries with lower numbers count as trimmed. */
  constructor(entries: StoredEntry[] = []) {
    this.entries = entries;
    const [first] = entries;
    if (first && entryNumber(first) !== 1) {
      this.gone = `${Number(first.place) - 1}0000`.padStart(7, "0");
    }
  }

  /** Wakes the stores that wait for an entry. */
  ring(): void {
    this.added.resolve();
    this.added = Promise.withResolvers();
  }

  /** Takes a snapshot. The returned function restores the snapshot. */
  snapshot(): () => void {
    const { entries, keys, epoch, number, gone, goneNumber, ends } = this;
    const [oldEntries, oldKeys, oldEnds] = [[...entries], [...keys], [...ends]];
    return () => {
      entries.splice(0, Infinity, ...oldEntries);
      ends.splice(0, Infinity, ...oldEnds);
      keys.clear();
      for (const [key, placed] of oldKeys) keys.set(key, placed);
      Object.assign(this, { epoch, number, gone, goneNumber });
    };
  }

  /** Deletes everything. */
  flush(): void {
    this.entries.splice(0);
    this.ends.splice(0);
    this.keys.clear();
    this.epoch =
      this.number =
      this.gone =
      this.goneNumber =
        undefined;
  }
}

/** A store with places of three characters, which counts its calls. */
export class ListStore implements EntryStore {
  readonly placeLength = 3;
  readonly maxEntryBytes = 1_000_000;
  readonly maxEntryKeys = 100;
  readonly list: SharedList;
  /** The arguments of each read: the place, and the number of entries. */
  readonly reads: [place: string, count: number][] = [];
  /** The number of entries that `readBack()` has returned. */
  given = 0;
  /** The number of entries that each `next()` asked for. */
  readonly nexts: number[] = [];
  /** Promises that reading, following and trimming wait for; a rejection makes the call reject. */
  reading: Promise<unknown> = Promise.resolve();
  following: Promise<unknown> = Promise.resolve();
  trimming: Promise<unknown> = Promise.resolve();
  /** Whether a `next()` is waiting for a new entry. */
  isFollowed = false;
  #isCut = false;
  #cuts = 0;
  #onDown: ((reason: unknown) => void) | undefined;
  #isClosed = false;

  /** Takes over an array of entries, or a list that other stores share. */
  constructor(entries: StoredEntry[] | SharedList = []) {
    this.list = entries instanceof SharedList ? entries : new SharedList(entries);
  }

  get nowMs(): number {
    return Date.now() + this.list.aheadMs;
  }

  /** The entries of the list. */
  get entries(): StoredEntry[] {
    return this.list.entries;
  }

  async open(onDown: (reason: unknown) => void): Promise<string> {
    this.#onDown = onDown;
    const oldest = this.entries[0]?.epoch;
    return (await this.epoch(oldest ?? `e${this.list.keys.size}${Math.random()}`.slice(-6))).epoch;
  }

  epoch(own: string): Promise<EpochState> {
    return this.#answer(() => {
      const wasMissing = this.list.epoch === undefined;
      return { epoch: this.list.epoch ??= own, wasMissing, number: this.list.number };
    });
  }

  /** Keeps items at the next place, which has three digits. */
  write(items: readonly Item[], { epoch, floor, number }: WriteOptions): Promise<Placed[]> {
    return this.#answer(() => {
      const { list } = this;
      if (list.epoch !== epoch) throw new EpochError("another epoch");
      const last = Number(this.entries.at(-1)?.place ?? 0);
      list.clock = Math.max(last, Number(floor) || 0, list.clock) + 1;
      const place = `${list.clock}`;
      const fresh: Item[] = [];
      const placed = items.map((item) => {
        const known = item.key === undefined ? undefined : list.keys.get(item.key);
        if (known) return known;
        const own = { place, index: fresh.push(item) };
        if (item.key !== undefined) list.keys.set(item.key, own);
        return own;
      });
      if (fresh.length === 0) return placed;
      list.number = (list.number ?? number) + 1;
      this.add({ place, text: encodeEntry(this.nowMs, list.number, fresh), epoch });
      return placed;
    });
  }

  /** Adds an entry, as another instance would. */
  add(entry: StoredEntry): void {
    this.entries.push(entry);
    this.list.ring();
  }

  /** Reports that the store is unreachable. */
  fail(reason: unknown): void {
    this.#onDown?.(reason);
    // A call that waits ends, as it would with a new connection.
    this.list.ring();
  }

  /** Makes the store unreachable until `join()`. */
  cut(): void {
    this.#isCut = true;
    this.#cuts++;
    this.#onDown?.(new Error("cut off"));
    this.list.ring();
  }

  /** Undoes `cut()`. */
  join(): void {
    this.#isCut = false;
  }

  probe(): Promise<void> {
    return this.#answer(() => {});
  }

  async read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    this.reads.push([fromPlace, count]);
    await this.reading;
    return this.#answer(() =>
      this.entries.filter(({ place }) => place >= fromPlace).slice(0, count)
    );
  }

  async readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]> {
    this.reads.push([beforePlace ?? "", count]);
    await this.reading;
    const page = await this.#answer(() =>
      this.entries.filter(({ place }) => beforePlace === undefined || place < beforePlace)
        .slice(-count).reverse()
    );
    this.given += page.length;
    return page;
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    this.nexts.push(count);
    const cuts = this.#cuts;
    await this.following;
    // As if the connection had been lost since.
    if (cuts !== this.#cuts) throw new Error("cut off");
    const fresh = () => this.entries.filter(({ place }) => place > afterPlace).slice(0, count);
    if (mayWait && fresh().length === 0 && !this.#isClosed && !this.#isCut) {
      this.isFollowed = true;
      await this.list.added.promise;
      this.isFollowed = false;
    }
    return this.#answer(() => this.#isClosed ? [] : fresh());
  }

  async trim(
    due: readonly DueEntry[],
    through: string,
    ends: readonly EndRecord[] = [],
  ): Promise<void> {
    await this.trimming;
    const { list } = this;
    list.ends.push(...ends.map(encodeEndRecord));
    const { place: last, number } = due.at(-1)!;
    if (list.gone === undefined || list.gone <= through) {
      list.gone = through;
      if (number !== undefined) list.goneNumber = { through, number };
    }
    this.entries.splice(0, this.entries.filter(({ place }) => place <= last).length);
    for (const [key, { place }] of list.keys) if (place <= last) list.keys.delete(key);
  }

  /** Answers after earlier reads, as a connection does. */
  async trimMark(): Promise<TrimMark | undefined> {
    await this.reading;
    return this.#answer(() => {
      const { gone: through, goneNumber } = this.list;
      if (through === undefined) return undefined;
      return { through, number: goneNumber?.through === through ? goneNumber.number : undefined };
    });
  }

  readonly notes: Notes = {
    add: (topic, text) =>
      this.#answer(() => {
        this.list.notes.push({ topic, text, timeMs: this.nowMs });
      }),
    after: (topic, place) =>
      this.#answer(() =>
        this.list.notes.flatMap((note, i) =>
          note.topic === topic && i >= Number(place)
            ? [{ place: `${i + 1}`, text: note.text, ageMs: this.nowMs - note.timeMs }]
            : []
        )
      ),
  };

  ends(): Promise<string[]> {
    return this.#answer(() => [...this.list.ends]);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.list.ring();
    return Promise.resolve();
  }

  #answer<T>(answer: () => T): Promise<T> {
    return this.#isCut ? Promise.reject(new Error("cut off")) : Promise.resolve().then(answer);
  }
}
