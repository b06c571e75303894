/**
 * A log that outlives the process and that several instances share, over whatever keeps its entries:
 * `kv.ts` and `redis.ts`.
 *
 * @module
 */

import type { ServerSentEvent } from "../event.ts";
import { Batches } from "./batches.ts";
import {
  byteLength,
  decodeEntry,
  encodeItem,
  EntryIds,
  entryTimeMs,
  LOSS,
  placeAfter,
  type StoredEntry,
} from "./entries.ts";
import type { EntryStore } from "./entry_store.ts";
import type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
} from "./log.ts";
import { PageIndex } from "./page_index.ts";
import { goneThrough, PAGE_LENGTH, PageReader, readSized } from "./page_reader.ts";
import { PageSize } from "./page_size.ts";
import { goneAfter } from "./pages.ts";
import { Retention, type RetentionOptions } from "./retention.ts";
import { Stopwatch } from "./stopwatch.ts";

/** An {@linkcode EventLog} over an {@linkcode EntryStore}. */
export class SharedLog implements EventLog {
  readonly #store: EntryStore;
  readonly #retention: Retention;
  readonly #batches: Batches;
  #receiver: LogReceiver | undefined;
  #ids: EntryIds | undefined;
  #startId = "";
  // Up to here it has delivered.
  #lastId = "";
  readonly #sinceRead = new Stopwatch();
  readonly #index: PageIndex;
  #pages: PageReader | undefined;
  // Of the pages that it delivers.
  readonly #size = new PageSize({ count: 100, minCount: 1, length: 1_048_576 });
  #isReading = false;
  #isUp = false;
  // Why it is away, each reason once; empty while it is not.
  readonly #reasons = new Set<string>();
  #failedTrims = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isTicking = false;
  #opening: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Takes over a store, which it opens and closes.
   *
   * @param pageLength The most characters of a page that is read for those who resume.
   * @throws {RangeError} If an option is not above 0.
   */
  constructor(store: EntryStore, options: RetentionOptions = {}, pageLength = PAGE_LENGTH) {
    this.#store = store;
    this.#index = new PageIndex(pageLength);
    this.#retention = new Retention(options);
    this.#batches = new Batches({
      write: (text) => store.write(text),
      maxBytes: store.maxEntryBytes,
    });
  }

  /** The id before the oldest entry that it had when it was opened. */
  get startId(): string {
    return this.#startId;
  }

  /** Whether it could be written and read the last time. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Delivers what it has, then whatever comes. */
  open(receiver: LogReceiver): Promise<void> {
    this.#receiver = receiver;
    this.#opening = this.#open();
    return this.#opening;
  }

  /** Whether an id is of this log's epoch. */
  hasId(id: string): boolean {
    return this.#ids?.has(id) ?? false;
  }

  /** Keeps events, together with what else is appended in this turn. */
  append(
    stream: string,
    events: readonly ServerSentEvent[],
    { isFirst = false, seenId }: AppendOptions = {},
  ): Promise<string> {
    const first = isFirst && (seenId ?? true);
    return this.#append(events.map((event, i) => encodeItem(stream, event, i === 0 && first)));
  }

  /** Keeps the end of a stream. */
  end(stream: string): Promise<string> {
    return this.#append([encodeItem(stream)]);
  }

  /** Reads what comes after an id. */
  read(afterId: string, options?: ReadOptions): Promise<LogPage> {
    return this.#pages!.read(afterId, options);
  }

  /** The id just before an entry's. */
  idBefore(id: string): string {
    return this.#ids!.before(id);
  }

  /** Stops delivering, and waits for what is being written. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    try {
      await this.#deliverKept();
    } catch (error) {
      if (!this.#closing) throw error;
    }
    if (this.#closing) return;
    this.#isReading = true;
    this.#up();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#following = this.#follow();
  }

  async #deliverKept(): Promise<void> {
    const store = this.#store;
    const epoch = await store.open((reason) => {
      this.#pages?.clear();
      this.#down(reason);
    });
    const ids = this.#ids = new EntryIds(epoch, store.placeLength);
    this.#pages = new PageReader({ store, ids, index: this.#index, isUp: () => this.#isUp });
    this.#startId = this.#lastId = await this.#untilReached(() => goneThrough(store, ids));
    for (let place = ids.placeOf(ids.zero);;) {
      const page = await this.#untilReached(() => readSized(store, placeAfter(place), this.#size));
      if (this.#closing || page.length === 0) return;
      await this.#untilReached(() => this.#advance(page, true));
      place = page.at(-1)!.place;
    }
  }

  /** Asks the store again, while the log is opened, until it can be reached. */
  async #untilReached<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#closing) throw error;
        this.#down(error);
        await this.#pause(TICK_MS);
      }
    }
  }

  #append(items: readonly string[]): Promise<string> {
    if (!this.#isUp) return Promise.reject(new Error("Cannot append to log: it is away"));
    return this.#batches.add(items).then(
      ({ place, index }) => this.#ids!.format(place, index),
      (error) => {
        this.#down(error);
        throw error;
      },
    );
  }

  async #follow(): Promise<void> {
    let failures = 0;
    while (!this.#closing) {
      try {
        // When it is back, that is to be known before something comes.
        const page = await this.#next();
        const isLate = !this.#isReading || this.#sinceRead.elapsedMs > LATE_MS;
        await this.#advance(page, isLate);
        const isBack = !this.#isReading;
        this.#isReading = true;
        if (isBack) this.#tick();
        failures = 0;
      } catch (error) {
        this.#isReading = false;
        this.#down(error);
        await this.#pause(Math.min(50 * 2 ** failures++, TICK_MS));
      }
    }
  }

  async #next(): Promise<StoredEntry[]> {
    try {
      const place = this.#ids!.placeOf(this.#lastId);
      const page = await this.#store.next(place, this.#size.count, this.#isReading);
      this.#size.measure(page);
      return page;
    } catch (error) {
      this.#size.halve();
      throw error;
    }
  }

  /** Delivers a page, and says what was lost before it if it comes late. */
  async #advance(page: readonly StoredEntry[], isLate: boolean): Promise<void> {
    const goneThrough = isLate ? await this.#missed(page) : undefined;
    if (this.#closing) return;
    if (goneThrough !== undefined) this.#lose(goneThrough);
    let fresh: LogEntry[] = [];
    for (const stored of page) {
      const entries = this.#decode(stored);
      const id = entries.at(-1)?.id ?? this.#ids!.after(stored.place);
      // By a clock that is ahead it may seem to be from later, and would hold up what comes after it.
      const timeMs = Math.min(entryTimeMs(stored), Date.now());
      this.#retention.add(id, byteLength(stored.text), timeMs);
      if (id <= this.#lastId) continue;
      if (stored.text === LOSS) {
        this.#deliver(fresh);
        this.#lose(id);
        fresh = [];
        continue;
      }
      this.#list(stored, id, entries);
      this.#lastId = id;
      fresh.push(...entries);
    }
    this.#sinceRead.restart();
    this.#deliver(fresh);
  }

  /** Lists an entry where those who read on find it. */
  #list({ text }: StoredEntry, id: string, entries: readonly LogEntry[]): void {
    const streams = entries.map(({ stream }) => stream);
    this.#index.add({ afterId: this.#lastId, id, length: text.length, streams });
  }

  /** The id up to which something went that was not delivered, as far as a page and the store tell. */
  async #missed(page: readonly StoredEntry[]): Promise<string | undefined> {
    const ids = this.#ids!;
    const place = ids.placeOf(this.#lastId);
    const [own, gone] = await Promise.all([
      this.#store.read(place, 1),
      goneThrough(this.#store, ids),
    ]);
    const stored = own[0]?.place === place ? own : page;
    return goneAfter(ids, { afterId: this.#lastId, place, stored, gone });
  }

  #deliver(entries: readonly LogEntry[]): void {
    if (entries.length > 0) this.#receiver!.deliver(entries);
  }

  #lose(throughId: string): void {
    this.#lastId = throughId;
    this.#receiver!.lost(throughId);
  }

  #decode(entry: StoredEntry): LogEntry[] {
    return decodeEntry(entry, this.#ids!, Date.now());
  }

  // Drops what the log need not keep, which may be what lets it be written again, and sees whether it can.
  async #tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    await this.#trim();
    try {
      if (this.#isUp) return;
      await this.#store.probe();
      if (this.#isReading) this.#up();
    } catch (error) {
      this.#down(error);
    } finally {
      this.#isTicking = false;
    }
  }

  /** Drops what is due. Where that fails, the log goes on with more than it should have. */
  async #trim(): Promise<void> {
    const ids = this.#ids!;
    const due = this.#retention.due(Date.now());
    if (due.length === 0) return;
    const throughId = due.at(-1)!;
    try {
      await this.#store.trim(due.map((id) => ids.placeOf(id)), ids.withoutEpoch(throughId));
    } catch (error) {
      if (this.#isUp && ++this.#failedTrims === MAX_FAILED_TRIMS) {
        this.#receiver!.trimFailed?.(error);
      }
      return;
    }
    this.#failedTrims = 0;
    this.#retention.drop(due.length);
    this.#index.drop(due);
    this.#pages!.drop(throughId);
  }

  #up(): void {
    if (this.#closing) return;
    this.#isUp = true;
    if (this.#reasons.size > 0) this.#receiver!.changed(true);
    this.#reasons.clear();
  }

  #down(reason: unknown): void {
    if (this.#closing) return;
    this.#isUp = false;
    const text = String(reason);
    if (this.#reasons.has(text) || this.#reasons.size >= MAX_REASONS) return;
    this.#reasons.add(text);
    this.#receiver!.changed(false, reason);
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closing) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #close(): Promise<void> {
    this.#isUp = false;
    clearInterval(this.#timer);
    this.#wake?.();
    await this.#batches.idle;
    await this.#store.close();
    await Promise.allSettled([this.#opening, this.#following]);
  }
}

const TICK_MS = 1_000;
/** A reader that was not there for so long may have missed what was dropped meanwhile. */
const LATE_MS = 2_000;
/** Reasons of one outage that are told; with a number in it, a reason would be new for ever. */
const MAX_REASONS = 10;
/** Others that write at the same time may make a few fail. */
const MAX_FAILED_TRIMS = 3;
