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
  type StoredEntry,
} from "./entries.ts";
import type { EntryStore } from "./entry_store.ts";
import type { AppendOptions, EventLog, LogEntry, LogPage, LogReceiver } from "./log.ts";
import { goneAfter, pageAfter } from "./pages.ts";
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
  // How many entries had a page's worth of text the last time.
  #pageCount = 10;
  #isReading = false;
  #isUp = false;
  #wasDown = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isTicking = false;
  #opening: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Takes over a store, which it opens and closes.
   *
   * @throws {RangeError} If an option is not above 0.
   */
  constructor(store: EntryStore, options: RetentionOptions = {}) {
    this.#store = store;
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
    { isFirst = false }: AppendOptions = {},
  ): Promise<string> {
    return this.#append(events.map((event, i) => encodeItem(stream, event, isFirst && i === 0)));
  }

  /** Keeps the end of a stream. */
  end(stream: string): Promise<string> {
    return this.#append([encodeItem(stream)]);
  }

  /** Reads what comes after an id. */
  async read(afterId: string): Promise<LogPage> {
    for (let place = this.#ids!.placeOf(afterId);;) {
      if (!this.#isUp) throw new Error("Cannot read log: it is away");
      const [stored, gone] = await Promise.all([this.#readFrom(place), this.#goneThrough()]);
      const page = pageAfter(this.#ids!, { afterId, place, stored, gone });
      const last = stored.at(-1)?.place ?? place;
      // The entry of the id itself, or a page that no hub has written, is not all there is.
      if (page.entries.length > 0 || page.goneThrough || last === place) return page;
      place = last;
    }
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
    const epoch = await this.#store.open((reason) => this.#down(reason));
    const ids = this.#ids = new EntryIds(epoch, this.#store.placeLength);
    this.#startId = this.#lastId = await this.#goneThrough();
    for (let place = ids.placeOf(ids.zero);;) {
      const fresh = (await this.#readFrom(place)).filter((entry) => entry.place > place);
      if (this.#closing || fresh.length === 0) return;
      await this.#advance(fresh, true);
      place = fresh.at(-1)!.place;
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
    while (!this.#closing) {
      try {
        // When it is back, that is to be known before something comes.
        const page = await this.#store.next(this.#ids!.placeOf(this.#lastId), this.#isReading);
        const isLate = !this.#isReading || this.#sinceRead.elapsedMs > LATE_MS;
        await this.#advance(page, isLate);
        this.#isReading = true;
      } catch (error) {
        this.#isReading = false;
        this.#down(error);
        await this.#pause(TICK_MS);
      }
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
      }
      this.#lastId = id;
      fresh.push(...entries);
    }
    this.#sinceRead.restart();
    this.#deliver(fresh);
  }

  /** The id up to which something went that was not delivered, as far as a page and the store tell. */
  async #missed(page: readonly StoredEntry[]): Promise<string | undefined> {
    const ids = this.#ids!;
    const place = ids.placeOf(this.#lastId);
    const [own, gone] = await Promise.all([this.#store.read(place, 1), this.#goneThrough()]);
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

  /** Entries from a place on, about as many as a client is sent at once. */
  async #readFrom(place: string): Promise<StoredEntry[]> {
    const page = await this.#store.read(place, this.#pageCount);
    const length = page.reduce((sum, { text }) => sum + text.length, 0);
    // The first one is there already: with less than another one, it would never go on.
    const count = Math.max(Math.floor(page.length * PAGE_LENGTH / length), 2);
    if (length > 0) this.#pageCount = Math.min(count, MAX_PAGE_COUNT);
    return page;
  }

  #decode(entry: StoredEntry): LogEntry[] {
    return decodeEntry(entry, this.#ids!, Date.now());
  }

  /** The id up to which entries are gone, or are about to be. */
  async #goneThrough(): Promise<string> {
    const gone = await this.#store.gone();
    return gone === undefined ? this.#ids!.zero : this.#ids!.withEpoch(gone);
  }

  // Drops what the log need not keep, which may be what lets it be written again, and sees whether it can.
  async #tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      await this.#trim();
      if (this.#isUp) return;
      await this.#store.probe();
      if (this.#isReading) this.#up();
    } catch (error) {
      this.#down(error);
    } finally {
      this.#isTicking = false;
    }
  }

  async #trim(): Promise<void> {
    const ids = this.#ids!;
    const due = this.#retention.due(Date.now());
    if (due.length === 0) return;
    await this.#store.trim(due.map((id) => ids.placeOf(id)), ids.withoutEpoch(due.at(-1)!));
    this.#retention.drop(due.length);
  }

  #up(): void {
    if (this.#closing) return;
    this.#isUp = true;
    if (this.#wasDown) this.#receiver!.changed(true);
    this.#wasDown = false;
  }

  #down(reason: unknown): void {
    if (this.#closing) return;
    this.#isUp = false;
    if (!this.#wasDown) this.#receiver!.changed(false, reason);
    this.#wasDown = true;
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
const MAX_PAGE_COUNT = 100;
/** As many characters as are sent at once to a client that reads on in the log. */
const PAGE_LENGTH = 65_536;
