/**
 * The way of a store's entries into a hub: in their order, each once, and said to be missing where one
 * is missing.
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
} from "./entries.ts";
import type { Ends } from "./ends.ts";
import type { LogEntry, LogReceiver } from "./log.ts";
import { decodeLoss, type Loss, Losses, type ToldLoss } from "./losses.ts";
import type { PageIndex } from "./page_index.ts";
import { isAfterHole, type Missing } from "./pages.ts";
import type { Retention } from "./retention.ts";

/** What a {@linkcode Delivery} delivers to, and where it keeps its books. */
export interface DeliveryOptions {
  readonly ids: EntryIds;
  /** The id before the oldest entry. */
  readonly startId: string;
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
  /** Its number; `undefined` if it or the entries around it have none. */
  readonly number: number | undefined;
  /** Its text: by the clock of another machine, another entry may have got the same place and number. */
  readonly text: string;
}

/** Delivers the entries of one epoch. */
export class Delivery {
  /** What the store has lost. */
  readonly losses = new Losses();
  readonly #options: DeliveryOptions;
  #lastId: string;
  #last: Delivered | undefined;
  #number: number | undefined;
  #isUnsure = false;
  // Of the newest entries, so that a loss says what was lost. An entry that told of an earlier loss counts
  // with the streams of that one: where it is lost itself, the new loss tells of both.
  #streams: { readonly id: string; readonly names: readonly string[] | undefined }[] = [];

  /** Begins at the start. */
  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#lastId = options.startId;
  }

  /** The id through which it has delivered, or has said what is missing. */
  get lastId(): string {
    return this.#lastId;
  }

  /** The newest entry that the store is known to have had; `undefined` before the first. */
  get last(): Delivered | undefined {
    return this.#last;
  }

  /** The number after which the next entry is expected; 0 where none is known. */
  get number(): number {
    return this.#number ?? 0;
  }

  /** Whether the numbers of a page go on where the last one ended, as far as there are numbers. */
  goesOn([first]: readonly StoredEntry[]): boolean {
    return first === undefined || !isAfterHole(first, this.#number);
  }

  /** Whether something is missing before one of the entries of a page, as far as there are numbers. */
  hasHole(page: readonly StoredEntry[]): boolean {
    let number = this.#number;
    return page.some((entry) => {
      const isHole = isAfterHole(entry, number) ||
        decodeLoss(entry, this.#options.ids) !== undefined;
      number = entryNumber(entry) ?? number;
      return isHole || number === undefined && this.#isUnsure;
    });
  }

  /** Tells which streams have ended by entries that are gone, if any has. */
  tellEnds(): void {
    const { ends, nowMs, receiver } = this.#options;
    const all = ends.through(this.#lastId, nowMs());
    if (all.length > 0) receiver.ended?.(all);
  }

  /** Expects that entries are missing before the next one, unless its number says that none is. */
  expectHole(): void {
    this.#isUnsure = true;
  }

  /** Delivers the next entries. */
  take(page: readonly StoredEntry[]): void {
    const { ids, receiver, retention, ends } = this.#options;
    const nowMs = this.#options.nowMs();
    let fresh: LogEntry[] = [];
    const deliver = () => {
      if (fresh.length > 0) receiver.deliver(fresh);
      fresh = [];
    };
    for (const stored of page) {
      const entries = decodeEntry(stored, ids, nowMs);
      const id = entries.at(-1)?.id ?? ids.after(stored.place);
      // By a clock that is ahead it may seem to be from later, and would hold up what comes after it.
      retention.add(id, byteLength(stored.text), Math.min(entryTimeMs(stored), nowMs));
      if (id <= this.#lastId) continue;
      const isHole = this.#follows(stored);
      const loss = decodeLoss(stored, ids);
      if (isHole || loss) deliver();
      if (isHole) {
        const throughId = ids.format(stored.place, 0);
        this.#lose({ throughId, streams: undefined });
        this.#know(throughId, undefined);
      }
      this.#last = { id, place: stored.place, number: this.#number, text: stored.text };
      if (loss) {
        this.#hear(loss, isHole);
        this.#know(id, loss.streams);
        continue;
      }
      ends.take(entries, entryTimeMs(stored));
      this.#list(stored, id, entries);
      this.#lastId = id;
      fresh.push(...entries);
    }
    deliver();
  }

  /** The streams of the entries after an id; `undefined` if they are not known, or too many. */
  streamsAfter(id: string): readonly string[] | undefined {
    if (this.#streams[0] === undefined || this.#streams[0].id > id) return undefined;
    const after = this.#streams.filter((entry) => entry.id > id);
    if (after.some(({ names }) => names === undefined)) return undefined;
    const names = new Set(after.flatMap(({ names }) => names!));
    return names.size <= MAX_LOST_STREAMS ? [...names] : undefined;
  }

  /** Goes on after a common entry, or from the beginning: the store has lost what came after that. */
  cut({ afterId }: Loss, common: Delivered | undefined): void {
    const { retention, index, ends } = this.#options;
    this.losses.live(retention.ids.filter((id) => id > afterId));
    retention.cut(afterId);
    index.cut(afterId);
    ends.cut(afterId);
    this.#last = common;
    this.#number = common ? common.number : 0;
  }

  /** Takes note of the number of the next entry. Returns whether others are missing before it. */
  #follows(stored: StoredEntry): boolean {
    const number = entryNumber(stored);
    const isHole = isAfterHole(stored, this.#number) || number === undefined && this.#isUnsure;
    this.#isUnsure = false;
    this.#number = number ?? this.#number;
    return isHole;
  }

  /** Takes note of what the store has lost; the hub is told unless it had it, or was told just before. */
  #hear(loss: ToldLoss, isTold: boolean): void {
    const hadAll = !loss.isMixed && this.losses.wasDelivered(loss);
    const isKnown = isTold || hadAll || this.losses.isRepeated(loss);
    this.losses.tell(loss);
    if (isKnown) this.#lastId = loss.id;
    else this.#lose({ throughId: loss.id, streams: loss.streams });
  }

  #lose({ throughId, streams }: Missing): void {
    const { receiver, ends, nowMs } = this.#options;
    this.#lastId = throughId;
    receiver.lost(throughId, streams);
    const names = streams && new Set(streams);
    const all = ends.through(throughId, nowMs());
    receiver.ended?.(names ? all.filter(({ stream }) => names.has(stream)) : all, streams);
  }

  /** Lists an entry where those who read on find it. */
  #list({ text }: StoredEntry, id: string, entries: readonly LogEntry[]): void {
    const names = entries.map(({ stream }) => stream);
    this.#options.index.add({ afterId: this.#lastId, id, length: text.length, streams: names });
    this.#know(id, [...new Set(names)]);
  }

  /** Takes note of the streams of an entry; `undefined` if they are not known. */
  #know(id: string, names: readonly string[] | undefined): void {
    this.#streams.push({ id, names });
    if (this.#streams.length > 2 * MAX_KNOWN_STREAMS) this.#streams.splice(0, MAX_KNOWN_STREAMS);
  }
}

/** Of as many entries at least it is known which streams they are of. */
const MAX_KNOWN_STREAMS = 1_000;
/** As many streams are named by a loss; of more it says nothing. */
const MAX_LOST_STREAMS = 100;
