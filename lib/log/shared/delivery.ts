/**
 * Delivers the entries of a store to a hub: in order, each once, and with a notice where entries are
 * missing.
 *
 * @module
 */

import type { Ends } from "./ends.ts";
import { type EntryIds, entryNumber, type StoredEntry } from "../entries.ts";
import type { LogEntry, LogReceiver } from "../event_log.ts";
import { decodeLoss, hasNothing, type Loss, Losses, type ToldLoss } from "./losses.ts";
import { NewestEntries } from "./newest_entries.ts";
import type { PageIndex } from "./page_index.ts";
import { isAfterHole, type Missing } from "./pages.ts";
import { type ReadEntry, readEntry } from "./read_entry.ts";
import type { Retention } from "../retention.ts";
import type { Trimmed } from "./trim_mark.ts";

/** Options of {@linkcode Delivery}. */
export interface DeliveryOptions {
  readonly ids: EntryIds;
  /** Through where the store had been trimmed when the log was opened. */
  readonly start: Trimmed;
  readonly receiver: LogReceiver;
  readonly retention: Retention;
  readonly index: PageIndex;
  readonly ends: Ends;
  /** The time by the clock that entries are stamped with. */
  readonly nowMs: () => number;
}

/** An entry that was delivered. */
export interface Delivered {
  /** The id of its last event. */
  readonly id: string;
  readonly place: string;
  /** The entry's number; `undefined` if this entry or the entries around it have none. */
  readonly number: number | undefined;
  /** The entry's text: by the clock of another machine, another entry may have the same place and number. */
  readonly text: string;
}

/** Delivers the entries of one epoch. */
export class Delivery {
  /** What the store has lost. */
  readonly losses = new Losses();
  /** The newest entries, so that a loss says what was lost. */
  readonly newest: NewestEntries;
  readonly #options: DeliveryOptions;
  #lastId: string;
  #last: Delivered | undefined;
  #untold: readonly Loss[] = [];
  #number: number | undefined;
  #expected: "no hole" | "perhaps a hole" | "a hole" = "no hole";

  /** Begins at the start. */
  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.newest = new NewestEntries(options.ids);
    this.#lastId = options.start.id;
    this.#number = options.start.number;
  }

  /** The id through which all entries were delivered, or reported as missing. */
  get lastId(): string {
    return this.#lastId;
  }

  /** The newest entry that the store is known to have had; `undefined` before the first. */
  get last(): Delivered | undefined {
    return this.#last;
  }

  /** The losses that this hub has found, each until its record is delivered. */
  get untold(): readonly Loss[] {
    return this.#untold;
  }

  /** Whether the store has lost events that stood before this id, and that some clients had received. */
  isUncertain(id: string): boolean {
    return this.losses.isUncertain(id, this.#untold);
  }

  /** The number of the last entry; 0 if no number is known. */
  get number(): number {
    return this.#number ?? 0;
  }

  /** Whether the numbers of a page go on where the last one ended, as far as there are numbers. */
  goesOn([first]: readonly StoredEntry[]): boolean {
    return first === undefined || !isAfterHole(entryNumber(first), this.#number);
  }

  /** Whether entries are missing before one of the entries of a page, as far as there are numbers. */
  hasHole(page: readonly StoredEntry[]): boolean {
    let number = this.#number;
    return page.some((entry) => {
      const isHole = isAfterHole(entryNumber(entry), number) ||
        decodeLoss(entry, this.#options.ids) !== undefined;
      number = entryNumber(entry) ?? number;
      return isHole || this.#isExpected(number);
    });
  }

  /** Reports to the receiver the streams whose ends stood in entries that are gone. */
  tellEnds(): void {
    const { ends, nowMs, receiver } = this.#options;
    const all = ends.through(this.#lastId, nowMs());
    if (all.length > 0) receiver.ended?.(all);
  }

  /**
   * Expects that entries are missing before the next one.
   *
   * @param isCertain Whether they are, even if the next entry's number seems to go on.
   */
  expectHole(isCertain = false): void {
    this.#expected = isCertain ? "a hole" : "perhaps a hole";
  }

  /** Delivers the next entries. */
  take(page: readonly StoredEntry[]): void {
    const nowMs = this.#options.nowMs();
    this.deliver(page.map((stored) => readEntry(stored, this.#options.ids, nowMs)));
  }

  /** Delivers the events of the next entries. */
  deliver(page: Iterable<ReadEntry>): void {
    const { ids, receiver, retention, ends } = this.#options;
    const nowMs = this.#options.nowMs();
    let fresh: LogEntry[] = [];
    const deliver = () => {
      if (fresh.length > 0) receiver.deliver(fresh);
      fresh = [];
    };
    for (const read of page) {
      const { id, place, loss } = read;
      const isNew = id > this.#lastId;
      const isHole = isNew && this.#follows(read);
      // A clock that is ahead may date the entry in the future, which would delay the eviction of later entries.
      const timeMs = Math.min(read.timeMs, nowMs);
      retention.add(id, read.bytes, timeMs, isNew ? this.#number : read.number);
      if (!isNew) continue;
      if (isHole || loss) deliver();
      if (isHole) {
        const throughId = ids.format(place, 0);
        this.#lose({ throughId, streams: undefined });
        this.newest.add({ id: throughId, names: undefined });
      }
      this.#last = { id, place, number: this.#number, text: read.text };
      if (loss) {
        this.#hear(loss, isHole);
        this.newest.add({ id, names: loss.streams && [...loss.streams.keys()], mark: read.mark });
        continue;
      }
      if (hasNothing(read)) {
        // A publish that waits for an earlier entry fails now: that entry is lost.
        deliver();
        this.#lose({ throughId: id, streams: [] });
        this.newest.add({ id, names: [], mark: read.mark });
        continue;
      }
      ends.take(read.entries, read.timeMs);
      this.#list(read);
      this.#lastId = id;
      for (const entry of read.entries) fresh.push(entry);
    }
    deliver();
  }

  /** Goes on after the newest common entry, or from the beginning: the store has lost the entries after that. */
  cut(loss: Loss, common: Delivered | undefined): void {
    const { afterId } = loss;
    const { retention, index, ends } = this.#options;
    this.losses.live(retention.ids.filter((id) => id > afterId));
    retention.cut(afterId);
    index.cut(afterId);
    ends.cut(afterId);
    this.newest.cut(afterId);
    this.#expectRecord(loss);
    this.#last = common;
    this.#number = common ? common.number : 0;
  }

  /** Remembers that the delivered entries of a loss were lost, where the entries around them are trimmed. */
  outlive(loss: Loss): void {
    this.losses.live(this.#options.retention.ids.filter((id) => id <= loss.throughId));
    this.#expectRecord(loss);
  }

  #expectRecord(loss: Loss): void {
    this.#forget(loss);
    this.#untold = [...this.#untold, loss];
  }

  /** Forgets that the record of a loss is yet to be delivered. All records of one loss end with the same id. */
  #forget({ throughId }: Loss): void {
    this.#untold = this.#untold.filter((loss) => loss.throughId !== throughId);
  }

  /** Remembers the number of the next entry. Returns whether entries are missing before this one. */
  #follows({ number }: ReadEntry): boolean {
    const isHole = isAfterHole(number, this.#number) || this.#isExpected(number);
    this.#expected = "no hole";
    this.#number = number ?? this.#number;
    return isHole;
  }

  /** Whether a hole is expected before the entry with a number, or without one. */
  #isExpected(number: number | undefined): boolean {
    return this.#expected === "a hole" ||
      this.#expected === "perhaps a hole" && number === undefined;
  }

  /** Remembers a loss, and reports to the hub which of the lost entries the hub lacks. */
  #hear(loss: ToldLoss, isTold: boolean): void {
    const isKnown = isTold || this.losses.isRepeated(loss);
    const streams = isKnown ? [] : this.losses.undelivered(loss);
    this.losses.tell(loss);
    this.#forget(loss);
    this.#lastId = loss.id;
    this.#options.receiver.lost(loss.id, streams, {
      lastId: loss.throughId,
      lacking: (id) => this.losses.lacking(loss, id),
    });
    // A lost end no longer holds, also on the hubs that had delivered it.
    this.#settleEnds(loss.streams && [...loss.streams.keys()]);
  }

  #lose({ throughId, streams }: Missing): void {
    this.#lastId = throughId;
    this.#options.receiver.lost(throughId, streams);
    this.#settleEnds(streams);
  }

  /** Reports the ends through the last id to the receiver; without names, the ends of all streams. */
  #settleEnds(streams: readonly string[] | undefined): void {
    const { receiver, ends, nowMs } = this.#options;
    const names = streams && new Set(streams);
    const all = ends.through(this.#lastId, nowMs());
    receiver.ended?.(names ? all.filter(({ stream }) => names.has(stream)) : all, streams);
  }

  /** Adds an entry to the index from which resuming clients find their pages. */
  #list({ id, length, streams, mark }: ReadEntry): void {
    this.#options.index.add({ afterId: this.#lastId, id, length, streams });
    this.newest.add({ id, names: streams, mark });
  }
}
