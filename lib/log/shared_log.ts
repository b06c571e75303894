/**
 * A log that outlives the process and that several instances share, over whatever keeps its entries:
 * `kv.ts` and `redis.ts`. Its parts are in `shared/`.
 *
 * @module
 */

import { checkOptions } from "../wire/check_options.ts";
import type { ServerSentEvent } from "../wire/event.ts";
import { encodeItem, type Item } from "./entries.ts";
import { type EntryStore, EpochError } from "./entry_store.ts";
import {
  type Appended,
  type AppendOptions,
  closedError,
  type EventLog,
  type LogPage,
  type LogReceiver,
  type ReadOptions,
} from "./event_log.ts";
import { LogMeter, type LogStats } from "./log_stats.ts";
import type { Notes } from "./notes.ts";
import { type RetentionOptions, retentionRules } from "./retention.ts";
import { Batches } from "./shared/batches.ts";
import { Comparison } from "./shared/comparison.ts";
import { EntryWriter } from "./shared/entry_writer.ts";
import { Follower } from "./shared/follower.ts";
import { beginEpoch, type LogEpoch } from "./shared/log_epoch.ts";
import { LogState } from "./shared/log_state.ts";
import { PAGE_LENGTH } from "./shared/page_reader.ts";
import { PageSize } from "./shared/page_size.ts";
import {
  deliverKept,
  deliverPast,
  type PastDeliveryOptions,
  readPast,
} from "./shared/past_delivery.ts";
import { Pause } from "./shared/pause.ts";
import { Serial } from "./shared/serial.ts";
import { Trimmer } from "./shared/trimmer.ts";

/**
 * An {@linkcode EventLog} over an {@linkcode EntryStore}.
 *
 * It is up while three things hold since its store was last unreachable: the store's epoch and end are
 * those that the hub knows, or the hub has adopted them; all entries of the store are delivered; and the
 * store is writable.
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
  readonly #meter = new LogMeter();
  readonly #writer: EntryWriter;
  readonly #trimmer: Trimmer;
  readonly #comparison: Comparison;
  // Keeps deliveries and comparisons apart.
  readonly #serial = new Serial();
  readonly #pause = new Pause();
  // Of the pages that are delivered.
  readonly #size = new PageSize({ count: 100, minCount: 1, length: 1_048_576 });
  readonly #state = new LogState({
    changed: (isUp, reason) => this.#receiver!.changed(isUp, reason),
    onUp: () => this.#meter.up(),
    onDown: () => this.#meter.down(),
  });
  #receiver: LogReceiver | undefined;
  // Known once the log is open, and made anew when another epoch is adopted.
  #epoch: LogEpoch | undefined;
  // The greatest id that was appended here in this epoch.
  #appendedId = "";
  #timer: ReturnType<typeof setInterval> | undefined;
  #isTicking = false;
  #opening: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Takes over a store. The log opens and closes the store.
   *
   * @param pageLength The most characters of a page that is read for clients that resume.
   * @param tickMs How often the log compares itself with its store, in milliseconds.
   * @throws {TypeError} If an option is unknown.
   * @throws {RangeError} If an option is not above 0.
   */
  constructor(
    store: EntryStore,
    options: RetentionOptions = {},
    pageLength = PAGE_LENGTH,
    tickMs = TICK_MS,
  ) {
    checkOptions("open log", options, retentionRules);
    this.#store = store;
    this.#options = options;
    this.#pageLength = pageLength;
    this.#tickMs = tickMs;
    const [state, meter, current] = [this.#state, this.#meter, () => this.#epoch!];
    const writer = this.#writer = new EntryWriter(store, meter);
    this.#trimmer = new Trimmer({
      store,
      onFail: (error) => this.#receiver!.trimFailed?.(error),
    });
    const adopt = (epoch: string) => this.#adopt(epoch);
    this.#comparison = new Comparison({ store, state, meter, writer, current, adopt });
    this.#batches = new Batches({
      write: (items) => this.#writer.write(this.#epoch!, items),
      maxBytes: store.maxEntryBytes,
      maxKeys: store.maxEntryKeys,
    });
  }

  /** The id before the oldest entry, as of when the log was opened or last began anew. */
  get startId(): string {
    return this.#epoch?.startId ?? "";
  }

  /** Whether the store could be written and read the last time. */
  get isUp(): boolean {
    return this.#state.isUp;
  }

  /** The notes of the store; `undefined` if the store keeps none. */
  get notes(): Notes | undefined {
    return this.#store.notes;
  }

  /** Delivers the entries that the store has, then the new ones as they come. */
  open(receiver: LogReceiver): Promise<void> {
    this.#receiver = receiver;
    this.#opening = this.#open();
    return this.#opening;
  }

  /** Whether an id is of this log's epoch. */
  hasId(id: string): boolean {
    return this.#epoch?.ids.has(id) ?? false;
  }

  /** Keeps events whose keys are new, together with everything else that is appended in this turn. */
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
    if (this.#state.isClosed) return Promise.reject(closedError("read"));
    return this.#epoch!.pages.read(afterId, options);
  }

  /** Whether some clients had events before the one with this id that the store has lost. */
  isUncertain(id: string): boolean {
    return this.#epoch?.delivery.isUncertain(id) ?? false;
  }

  /** Figures of the log, as of the last time that it compared itself with its store. */
  stats(): LogStats {
    const { nowMs } = this.#store;
    const { retention, lag } = this.#epoch ?? {};
    return {
      entries: retention?.count ?? 0,
      oldestAgeMs: retention?.oldestAgeMs(nowMs) ?? 0,
      lagEntries: lag?.entries ?? 0,
      lagMs: lag?.ageMs(nowMs) ?? 0,
      ...this.#meter.stats(),
    };
  }

  /** The id just before an entry's. */
  idBefore(id: string): string {
    return this.#epoch!.ids.before(id);
  }

  /** Stops delivering, and waits for the entries that are being written. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(): Promise<void> {
    const state = this.#state;
    try {
      const epoch = await this.#store.open((reason) => {
        this.#epoch?.pages.clear();
        state.down(reason);
      });
      const past = await readPast(epoch, this.#pastDelivery());
      await this.#begin(epoch);
      if (past) await deliverPast(past, this.#epoch!, this.#pastDelivery());
      else await deliverKept(this.#epoch!, this.#pastDelivery());
    } catch (error) {
      if (!state.isClosed) throw error;
    }
    if (state.isClosed) return;
    state.up();
    this.#timer = setInterval(() => this.#tick(), this.#tickMs);
    this.#following = this.#follower().follow();
  }

  async #begin(epoch: string): Promise<void> {
    this.#appendedId = "";
    this.#epoch = await beginEpoch(epoch, {
      store: this.#store,
      receiver: this.#receiver!,
      retention: this.#options,
      pageLength: this.#pageLength,
      isUp: () => this.isUp,
      untilReached: (ask) => this.#untilReached(ask),
    });
  }

  /** Begins anew with the epoch of another hub: the store has lost all it had. */
  async #adopt(epoch: string): Promise<void> {
    await this.#begin(epoch);
    this.#receiver!.reset();
    await deliverKept(this.#epoch!, this.#pastDelivery());
  }

  #pastDelivery(): PastDeliveryOptions {
    return {
      store: this.#store,
      state: this.#state,
      receiver: this.#receiver!,
      size: this.#size,
      untilReached: (ask) => this.#untilReached(ask),
    };
  }

  #follower(): Follower {
    return new Follower({
      store: this.#store,
      state: this.#state,
      comparison: this.#comparison,
      serial: this.#serial,
      pause: this.#pause,
      size: this.#size,
      maxPauseMs: this.#tickMs,
      current: () => this.#epoch!,
      onReach: () => this.#tick(),
    });
  }

  /** Calls the store, and calls it again while it is unreachable and the log is being opened. */
  async #untilReached<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#state.isClosed || this.#following) throw error;
        this.#state.down(error);
        await this.#pause.wait(this.#tickMs);
      }
    }
  }

  #append(items: readonly Item[]): Promise<Appended> {
    if (this.#state.isClosed) return Promise.reject(closedError("append to"));
    if (!this.isUp) {
      return Promise.reject(new Error("Cannot append to log: its store is unreachable"));
    }
    const { ids } = this.#epoch!;
    return this.#batches.add(items).then(
      (placed) => {
        const all = placed.map(({ place, index }) => ids.format(place, index));
        const throughId = all.reduce((a, b) => a > b ? a : b);
        if (throughId > this.#appendedId) this.#appendedId = throughId;
        return { id: all.at(-1)!, throughId };
      },
      (error) => {
        this.#state.down(error);
        if (error instanceof EpochError) this.#tick();
        throw error;
      },
    );
  }

  // Trims first: that may be what makes the store writable again.
  async #tick(): Promise<void> {
    if (this.#isTicking || this.#state.isClosed) return;
    this.#isTicking = true;
    await this.#trimmer.trim(this.#epoch!, this.isUp);
    try {
      await this.#serial.run(() => this.#comparison.check());
      await this.#serial.run(() => this.#comparison.checkAppended(this.#appendedId));
      await this.#serial.run(() => this.#epoch!.lag.look());
    } catch (error) {
      this.#state.down(error);
    } finally {
      this.#isTicking = false;
    }
  }

  async #close(): Promise<void> {
    this.#state.close();
    clearInterval(this.#timer);
    this.#pause.close();
    await this.#batches.idle;
    await this.#store.close();
    await Promise.allSettled([this.#opening, this.#following, this.#serial.idle]);
  }
}

const TICK_MS = 1_000;
