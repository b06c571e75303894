/**
 * A log that outlives the process and that several instances share, over whatever keeps its entries:
 * `kv.ts` and `redis.ts`.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import { Batches } from "./shared/batches.ts";
import { Delivery } from "./shared/delivery.ts";
import { Ends } from "./shared/ends.ts";
import { encodeItem, EntryIds, type Item, placeAfter, type StoredEntry } from "./entries.ts";
import { type EntryStore, EpochError, type Placed } from "./entry_store.ts";
import type {
  Appended,
  AppendOptions,
  EventLog,
  LogPage,
  LogReceiver,
  ReadOptions,
} from "./event_log.ts";
import { LogLag } from "./shared/lag.ts";
import { LogMeter, type LogStats } from "./log_stats.ts";
import { both, encodeLoss } from "./shared/losses.ts";
import { findLostEnd } from "./shared/lost_end.ts";
import { PageIndex } from "./shared/page_index.ts";
import { goneThrough, PAGE_LENGTH, PageReader } from "./shared/page_reader.ts";
import { PageSize, sized } from "./shared/page_size.ts";
import { Past } from "./shared/past.ts";
import { MAX_AGE_MS, Retention, type RetentionOptions } from "./retention.ts";

/**
 * An {@linkcode EventLog} over an {@linkcode EntryStore}.
 *
 * It is up while three things hold since it was last down: the store's epoch and end have been found to
 * be those it knows, or it has adopted others; all that the store had was delivered; and the store could
 * be written.
 */
export class SharedLog implements EventLog {
  /** Any number of hubs may append to its store. */
  readonly isShared: boolean = true;
  /** Its store keeps the entries. */
  readonly isDurable: boolean = true;
  readonly #store: EntryStore;
  readonly #options: RetentionOptions;
  readonly #pageLength: number;
  readonly #tickMs: number;
  readonly #batches: Batches;
  #receiver: LogReceiver | undefined;
  // Known once it is open, and made anew with each epoch.
  #epoch: Epoch | undefined;
  // No place that this hub knows is greater.
  #floor = "";
  #retention: Retention;
  // Of the pages that it delivers.
  readonly #size = new PageSize({ count: 100, minCount: 1, length: 1_048_576 });
  #isUp = false;
  #isChecked = false;
  #isCaughtUp = false;
  #downs = 0;
  // Why it is away, each reason once; empty while it is not.
  readonly #reasons = new Set<string>();
  #failedTrims = 0;
  readonly #meter = new LogMeter();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isTicking = false;
  #working: Promise<unknown> = Promise.resolve();
  #opening: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Takes over a store, which it opens and closes.
   *
   * @param pageLength The most characters of a page that is read for those who resume.
   * @param tickMs How often it compares itself with its store, in milliseconds.
   * @throws {TypeError} If there is no such option.
   * @throws {RangeError} If an option is not above 0.
   */
  constructor(
    store: EntryStore,
    options: RetentionOptions = {},
    pageLength = PAGE_LENGTH,
    tickMs = TICK_MS,
  ) {
    this.#store = store;
    this.#tickMs = tickMs;
    this.#options = options;
    this.#pageLength = pageLength;
    this.#retention = new Retention(options);
    this.#batches = new Batches({
      write: (items) => this.#write(items),
      maxBytes: store.maxEntryBytes,
      maxKeys: store.maxEntryKeys,
    });
  }

  /** The id before the oldest entry that it had when it was opened, or when it last began anew. */
  get startId(): string {
    return this.#epoch?.startId ?? "";
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
    return this.#epoch?.ids.has(id) ?? false;
  }

  /** Keeps events whose keys are new, together with what else is appended in this turn. */
  append(
    stream: string,
    events: readonly ServerSentEvent[],
    { isFirst = false, seenId }: AppendOptions = {},
  ): Promise<Appended> {
    const first = isFirst && (seenId ?? true);
    return this.#append(events.map((event, i) => encodeItem(stream, event, i === 0 && first)));
  }

  /** Keeps the end of a stream. */
  async end(stream: string): Promise<string> {
    return (await this.#append([encodeItem(stream)])).id;
  }

  /** Reads what comes after an id. */
  read(afterId: string, options?: ReadOptions): Promise<LogPage> {
    return this.#epoch!.pages.read(afterId, options);
  }

  /** Whether some clients had events before the one with this id that the store has lost. */
  isUncertain(id: string): boolean {
    return this.#epoch?.delivery.isUncertain(id) ?? false;
  }

  /** Figures of the log, as of the last time that it compared itself with its store. */
  stats(): LogStats {
    const { nowMs } = this.#store;
    return {
      entries: this.#retention.count,
      oldestAgeMs: this.#retention.oldestAgeMs(nowMs),
      lagEntries: this.#epoch?.lag.entries ?? 0,
      lagMs: this.#epoch?.lag.ageMs(nowMs) ?? 0,
      ...this.#meter.stats(),
    };
  }

  /** The id just before an entry's. */
  idBefore(id: string): string {
    return this.#epoch!.ids.before(id);
  }

  /** Stops delivering, and waits for what is being written. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    try {
      const epoch = await this.#store.open((reason) => {
        this.#epoch?.pages.clear();
        this.#down(reason);
      });
      const past = await this.#readPast(epoch);
      await this.#begin(epoch);
      if (past) await this.#deliverPast(past);
      else await this.#deliverKept();
    } catch (error) {
      if (!this.#closing) throw error;
    }
    if (this.#closing) return;
    this.#up();
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#following = this.#follow();
  }

  /**
   * Reads all that the store has, each entry once, from the newest one back. What others trim meanwhile
   * is before all that it has read, as the mark says that is asked for next.
   */
  async #readPast(epoch: string): Promise<Past | undefined> {
    const { limits } = this.#receiver!;
    if (!limits) return undefined;
    const size = new PageSize({ count: 100, minCount: 1, maxCount: 10_000, length: 262_144 });
    const past = new Past(new EntryIds(epoch, this.#store.placeLength), limits, this.#store.nowMs);
    const readBefore = (place?: string) =>
      this.#untilReached(() => sized(size, (count) => this.#store.readBack(place, count)));
    for (let reading = readBefore();;) {
      const page = await reading;
      if (this.#closing || page.length === 0) return past;
      // The store reads on while the page is looked through.
      reading = readBefore(page.at(-1)!.place);
      past.add(page);
    }
  }

  /** Delivers what was read, in pieces, so that other work of the process finds its way in between. */
  async #deliverPast(past: Past): Promise<void> {
    const { ids, delivery } = this.#epoch!;
    delivery.tellEnds();
    while (past.size > 0 && !this.#closing) {
      delivery.deliver(past.take(PAST_ENTRIES));
      await new Promise((resolve) => setTimeout(resolve));
    }
    const { lacking } = past;
    // Where an entry can't be decoded after all, nothing was delivered that says so.
    const throughId = ids.after(ids.placeOf(delivery.lastId));
    if (lacking.length > 0) this.#receiver!.lost(throughId, lacking);
  }

  /** Begins with an epoch, at the oldest entry that the store has. */
  async #begin(epoch: string): Promise<void> {
    const store = this.#store;
    const receiver = this.#receiver!;
    const ids = new EntryIds(epoch, store.placeLength);
    const startId = await this.#untilReached(() => goneThrough(store, ids));
    const retention = this.#retention = new Retention(this.#options);
    const index = new PageIndex(this.#pageLength);
    const ends = new Ends(ids, this.#options.maxAgeMs ?? MAX_AGE_MS);
    const nowMs = () => store.nowMs;
    const delivery = new Delivery({ ids, startId, receiver, retention, index, ends, nowMs });
    const isUp = () => this.#isUp;
    await this.#untilReached(() => this.#adoptEnds(ids, ends, startId));
    const pages = new PageReader({ store, ids, index, losses: delivery.losses, isUp });
    const lag = new LogLag({ store, ids, delivery });
    this.#epoch = { ids, startId, index, delivery, ends, pages, lag };
  }

  async #deliverKept(): Promise<void> {
    const { ids, delivery } = this.#epoch!;
    delivery.tellEnds();
    for (let place = ids.placeOf(ids.zero);;) {
      const page = await this.#untilReached(() =>
        sized(this.#size, (count) => this.#store.read(placeAfter(place), count))
      );
      if (this.#closing || page.length === 0) return;
      delivery.take(page);
      place = page.at(-1)!.place;
    }
  }

  /** Takes over which streams have ended by the entries that the store has dropped, through an id. */
  async #adoptEnds(ids: EntryIds, ends: Ends, throughId: string): Promise<void> {
    if (throughId !== ids.zero) ends.adopt(await this.#store.ends(), throughId);
  }

  /** Asks the store again, while the log is opened, until it can be reached. */
  async #untilReached<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#closing || this.#following) throw error;
        this.#down(error);
        await this.#pause(this.#tickMs);
      }
    }
  }

  #append(items: readonly Item[]): Promise<Appended> {
    if (!this.#isUp) {
      return Promise.reject(new Error("Cannot append to log: its store is unreachable"));
    }
    const { ids } = this.#epoch!;
    return this.#batches.add(items).then(
      (placed) => {
        const all = placed.map(({ place, index }) => ids.format(place, index));
        return { id: all.at(-1)!, throughId: all.reduce((a, b) => a > b ? a : b) };
      },
      (error) => {
        this.#down(error);
        if (error instanceof EpochError) this.#tick();
        throw error;
      },
    );
  }

  async #write(
    items: readonly Item[],
    number = this.#epoch!.delivery.number,
  ): Promise<readonly Placed[]> {
    const { ids, delivery } = this.#epoch!;
    const place = ids.placeOf(delivery.lastId);
    const floor = place > this.#floor ? place : this.#floor;
    const options = { epoch: ids.epoch, floor, number };
    const placed = await this.#meter.append(() => this.#store.write(items, options));
    for (const { place } of placed) if (place > this.#floor) this.#floor = place;
    return placed;
  }

  async #follow(): Promise<void> {
    let failures = 0;
    while (!this.#closing) {
      const { delivery } = this.#epoch!;
      const downs = this.#downs;
      try {
        const { page, isFull } = await this.#next();
        // Of an epoch that was left meanwhile nothing is wanted.
        await this.#alone(async () => {
          if (delivery === this.#epoch!.delivery) await this.#take(page);
          else return;
          if (downs === this.#downs) this.#isCaughtUp = !isFull;
          if (this.#isChecked && this.#isCaughtUp) this.#up();
        });
        if (failures > 0 && !this.#isChecked) this.#tick();
        failures = 0;
      } catch (error) {
        this.#down(error);
        await this.#pause(Math.min(50 * 2 ** failures++, this.#tickMs));
      }
    }
  }

  async #next(): Promise<{ page: StoredEntry[]; isFull: boolean }> {
    const { ids, delivery } = this.#epoch!;
    const { count } = this.#size;
    try {
      // When it is back, that is to be known before something comes.
      const page = await this.#store.next(ids.placeOf(delivery.lastId), count, this.#isCaughtUp);
      this.#size.measure(page);
      return { page, isFull: page.length >= count };
    } catch (error) {
      this.#size.halve();
      throw error;
    }
  }

  /** Delivers the next entries, once it is known what is missing before them. */
  async #take(page: readonly StoredEntry[]): Promise<void> {
    const { ids, delivery, ends } = this.#epoch!;
    const isForeign = page.some((entry) => ids.isForeign(entry));
    if (isForeign || !this.#isChecked) await this.#checkEpoch();
    if (this.#closing || delivery !== this.#epoch!.delivery) return;
    // Where it was away, numbers may go on by chance.
    if (!this.#isChecked || !delivery.goesOn(page)) await this.#checkEnd();
    if (delivery.hasHole(page)) {
      await this.#adoptEnds(ids, ends, await goneThrough(this.#store, ids));
    }
    if (!this.#closing) delivery.take(page);
  }

  /** Has one thing done after the other that compares this hub with its store. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const working = this.#working.then(work);
    this.#working = working.catch(() => {});
    return working;
  }

  // Drops what the log need not keep, which may be what lets it be written again, and sees whether it can.
  async #tick(): Promise<void> {
    if (this.#isTicking || this.#closing) return;
    this.#isTicking = true;
    await this.#trim();
    try {
      await this.#alone(() => this.#check());
      await this.#alone(() => this.#epoch!.lag.look());
    } catch (error) {
      this.#down(error);
    } finally {
      this.#isTicking = false;
    }
  }

  /** Checks that the store is the one that this hub knows; where it was away, also its end. */
  async #check(): Promise<void> {
    if (this.#closing) return;
    await this.#checkEpoch();
    if (this.#isUp) return;
    const downs = this.#downs;
    await this.#store.probe();
    await this.#checkEnd();
    if (downs !== this.#downs) return;
    this.#isChecked = true;
    if (this.#isCaughtUp) this.#up();
  }

  /** Checks the epoch, and adopts another one: the store has lost all it had, and a hub has begun anew. */
  async #checkEpoch(): Promise<void> {
    const { ids, lag } = this.#epoch!;
    const state = await this.#meter.check(() => this.#store.epoch(ids.epoch));
    const { epoch, wasMissing } = state;
    lag.note(state.number);
    if (this.#closing || epoch === ids.epoch && !wasMissing) return;
    const what = epoch === ids.epoch ? "its epoch" : "all it had, and another hub has begun anew";
    const isCaughtUp = this.#isCaughtUp;
    this.#down(new Error(`its store has lost ${what}`));
    if (epoch !== ids.epoch) {
      await this.#begin(epoch);
      this.#receiver!.reset();
      await this.#deliverKept();
    }
    // Reading goes on as before.
    this.#isCaughtUp = isCaughtUp;
  }

  /** Finds out whether the store has lost its newest entries, and says so to all hubs. */
  async #checkEnd(): Promise<void> {
    const { ids, delivery, pages } = this.#epoch!;
    const lost = await findLostEnd(this.#store, ids, delivery, this.#retention.ids);
    const { untold } = delivery;
    const loss = lost && untold ? both(untold, lost.loss) : lost?.loss ?? untold;
    if (!loss) return;
    const number = lost ? lost.common?.number ?? 0 : delivery.number;
    await this.#write([encodeLoss(loss, ids)], number);
    if (!lost) return;
    delivery.cut(loss, lost.common);
    pages.clear();
  }

  /** Drops what is due. Where that fails, the log goes on with more than it should have. */
  async #trim(): Promise<void> {
    const { ids, index, pages, delivery, ends } = this.#epoch!;
    const retention = this.#retention;
    const { nowMs } = this.#store;
    const due = retention.due(nowMs);
    if (due.length === 0) return;
    const throughId = due.at(-1)!;
    const places = due.map((id) => ids.placeOf(id));
    const dueEnds = ends.due(throughId, nowMs);
    try {
      await this.#store.trim(places, ids.withoutEpoch(throughId), dueEnds);
    } catch (error) {
      if (this.#isUp && ++this.#failedTrims === MAX_FAILED_TRIMS) {
        this.#receiver!.trimFailed?.(error);
      }
      return;
    }
    this.#failedTrims = 0;
    retention.drop(due.length);
    ends.drop(throughId, dueEnds, nowMs);
    index.drop(due);
    pages.drop(throughId);
    delivery.losses.drop(throughId);
  }

  #up(): void {
    if (this.#closing) return;
    this.#isUp = this.#isChecked = this.#isCaughtUp = true;
    this.#meter.up();
    if (this.#reasons.size > 0) this.#receiver!.changed(true);
    this.#reasons.clear();
  }

  #down(reason: unknown): void {
    if (this.#closing) return;
    this.#downs++;
    this.#meter.down();
    this.#isUp = this.#isChecked = this.#isCaughtUp = false;
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
    await Promise.allSettled([this.#opening, this.#following, this.#working]);
  }
}

/** What belongs to one epoch. */
interface Epoch {
  readonly ids: EntryIds;
  readonly startId: string;
  readonly index: PageIndex;
  readonly delivery: Delivery;
  readonly ends: Ends;
  readonly pages: PageReader;
  readonly lag: LogLag;
}

const TICK_MS = 1_000;
/** As many entries as are delivered in one piece when the log is opened. */
const PAST_ENTRIES = 10_000;
/** Reasons of one outage that are told; with a number in it, a reason would be new for ever. */
const MAX_REASONS = 10;
/** Others that write at the same time may make a few fail. */
const MAX_FAILED_TRIMS = 3;
