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
  type StoredEntry,
} from "./entries.ts";
import type { AppendOptions, EventLog, LogEntry, LogPage, LogReceiver } from "./log.ts";
import { Retention, type RetentionOptions } from "./retention.ts";

/** What keeps the entries of a {@linkcode SharedLog}. Any call may reject while it can't be reached. */
export interface EntryStore {
  /** How many characters a place has. */
  readonly placeLength: number;
  /** The most bytes of an entry's text in UTF-8. */
  readonly maxEntryBytes: number;
  /**
   * Opens it, once; however long that takes. Rejects where trying again would not help.
   *
   * @param onDown Is told, as often as it is noticed, that it can't be reached.
   * @returns The epoch: random where the store is new, then the same for all who open it.
   */
  open(onDown: (reason: unknown) => void): Promise<string>;
  /** Appends an entry and resolves with its place, greater as text than all before, once it is kept. */
  write(text: string): Promise<string>;
  /** Writes something that changes nothing, to see whether it can be written. */
  probe(): Promise<void>;
  /** The oldest entries from a place on, itself included: all there are, or at least one. */
  read(fromPlace: string): Promise<StoredEntry[]>;
  /**
   * The oldest entries after a place. Where it may wait it waits for some, though not for ever: then
   * there are none.
   */
  next(afterPlace: string, mayWait: boolean): Promise<StoredEntry[]>;
  /**
   * Up to where entries may be gone: through an entry, or just before one.
   *
   * @returns `undefined` if none ever went.
   */
  gone(): Promise<{ readonly through: string } | { readonly before: string } | undefined>;
  /** Drops entries: the oldest, by their places. Others may have done so before. */
  trim(places: readonly string[]): Promise<void>;
  /** Closes it, and has `next()` settle. */
  close(): Promise<void>;
}

/** An {@linkcode EventLog} over an {@linkcode EntryStore}. */
export class SharedLog implements EventLog {
  readonly #store: EntryStore;
  readonly #retention: Retention;
  readonly #batches: Batches;
  readonly #closed = Promise.withResolvers<void>();
  #receiver: LogReceiver | undefined;
  #ids: EntryIds | undefined;
  #startId = "";
  #place = "";
  #readMs = 0;
  #isReading = false;
  #isUp = false;
  #wasDown = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isTicking = false;
  #opening: Promise<void> | undefined;
  #following: Promise<void> | undefined;
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
      const page = await this.#store.read(place);
      const gone = await this.#goneThrough() ?? "";
      const goneThrough = gone > afterId ? gone : undefined;
      const entries = this.#decode(page).filter(({ id }) => id > (goneThrough ?? afterId));
      const last = page.at(-1)?.place ?? place;
      // The entry of the id itself, or a page that no hub has written, is not all there is.
      if (entries.length > 0 || goneThrough || last === place) return { entries, goneThrough };
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
    this.#place = ids.placeOf(ids.zero);
    // What went before this is not known; what goes from here on would be noticed as lost.
    this.#startId = await this.#goneThrough() ?? ids.zero;
    for (;;) {
      const page = await this.#store.read(this.#place);
      const fresh = page.filter(({ place }) => place > this.#place);
      if (this.#closing || fresh.length === 0) return;
      await this.#advance(fresh, true);
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
        const page = await this.#store.next(this.#place, this.#isReading);
        const isLate = !this.#isReading || performance.now() - this.#readMs > LATE_MS;
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
    const gone = isLate ? await this.#goneThrough() ?? "" : "";
    if (this.#closing) return;
    const isLost = gone > this.#startId && gone > this.#ids!.after(this.#place);
    if (isLost) this.#receiver!.lost(gone);
    const entries = this.#decode(page).filter(({ id }) => !isLost || id > gone);
    this.#place = page.at(-1)?.place ?? this.#place;
    this.#readMs = performance.now();
    if (entries.length > 0) this.#receiver!.deliver(entries);
    for (const entry of page) {
      this.#retention.add(entry.place, byteLength(entry.text), entryTimeMs(entry));
    }
  }

  #decode(page: readonly StoredEntry[]): LogEntry[] {
    const nowMs = Date.now();
    return page.flatMap((entry) => decodeEntry(entry, this.#ids!, nowMs));
  }

  /** The id up to which entries may be gone. */
  async #goneThrough(): Promise<string | undefined> {
    const gone = await this.#store.gone();
    if (!gone) return undefined;
    return "through" in gone ? this.#ids!.after(gone.through) : this.#ids!.format(gone.before, 0);
  }

  // Sees whether the store is back, or drops what the log need not keep.
  async #tick(): Promise<void> {
    if (this.#isTicking) return;
    this.#isTicking = true;
    try {
      if (!this.#isUp) {
        await this.#store.probe();
        if (this.#isReading) this.#up();
      } else {
        const due = this.#retention.due(Date.now());
        if (due.length === 0) return;
        await this.#store.trim(due);
        this.#retention.drop(due.length);
      }
    } catch (error) {
      this.#down(error);
    } finally {
      this.#isTicking = false;
    }
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
    let timer: ReturnType<typeof setTimeout> | undefined;
    const time = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
    await Promise.race([time, this.#closed.promise]);
    clearTimeout(timer);
  }

  async #close(): Promise<void> {
    this.#isUp = false;
    clearInterval(this.#timer);
    this.#closed.resolve();
    await this.#batches.idle;
    await this.#store.close();
    await Promise.allSettled([this.#opening, this.#following]);
  }
}

const TICK_MS = 1_000;
/** A reader that has not asked for so long may have missed what was dropped meanwhile. */
const LATE_MS = 10_000;
