/**
 * The figures of a log, and the meter that counts them.
 *
 * @module
 */

import { Histogram, type HistogramCounts } from "../wire/histogram.ts";

/** Figures of a log, as seen by this instance and counted since the log was made. */
export interface LogStats {
  /** The number of entries that the log keeps, among the entries that this instance has read. */
  readonly entries: number;
  /** The age of the oldest of these entries in milliseconds; 0 without entries. */
  readonly oldestAgeMs: number;
  /**
   * The number of entries in the store that this instance has not delivered yet. The store is asked once a
   * second; while the store is unreachable, this is the last known figure.
   */
  readonly lagEntries: number;
  /** The age of the oldest undelivered entry in milliseconds; 0 without undelivered entries. */
  readonly lagMs: number;
  /**
   * The number of outages. An outage is a time in which the log was unreachable or unwritable, and counts
   * once, however many reasons it had. A store that is unreachable while the log opens counts too.
   */
  readonly outages: number;
  /** The duration of all outages in milliseconds, including a current outage. */
  readonly outageMs: number;
  /** How long entries took to become durable in the store, in milliseconds. */
  readonly appendMs: HistogramCounts;
  /** The round trips of the check that the log makes of its store every second, in milliseconds. */
  readonly checkMs: HistogramCounts;
}

/** Counts the outages of a log, and times the answers of its store. */
export class LogMeter {
  readonly #now: () => number;
  readonly #appendMs = new Histogram(ROUND_TRIP_MS);
  readonly #checkMs = new Histogram(ROUND_TRIP_MS);
  #outages = 0;
  #endedMs = 0;
  // When the current outage began.
  #downSinceMs: number | undefined;

  /** Begins with zeros. `now` returns the time in milliseconds, and must never go back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes that the log is down. The first of several notes begins an outage. */
  down(): void {
    if (this.#downSinceMs !== undefined) return;
    this.#outages++;
    this.#downSinceMs = this.#now();
  }

  /** Notes that the log is up. */
  up(): void {
    this.#endedMs = this.#outageMs;
    this.#downSinceMs = undefined;
  }

  /** Times an append; a failed append is not counted. */
  append<T>(append: () => Promise<T>): Promise<T> {
    return this.#time(this.#appendMs, append);
  }

  /** Times a check; a failed check is not counted. */
  check<T>(check: () => Promise<T>): Promise<T> {
    return this.#time(this.#checkMs, check);
  }

  /** Returns the current figures. */
  stats(): Pick<LogStats, "outages" | "outageMs" | "appendMs" | "checkMs"> {
    return {
      outages: this.#outages,
      outageMs: this.#outageMs,
      appendMs: this.#appendMs.counts(),
      checkMs: this.#checkMs.counts(),
    };
  }

  get #outageMs(): number {
    const lastsMs = this.#downSinceMs === undefined ? 0 : this.#now() - this.#downSinceMs;
    return this.#endedMs + lastsMs;
  }

  async #time<T>(histogram: Histogram, work: () => Promise<T>): Promise<T> {
    const startMs = this.#now();
    const result = await work();
    histogram.observe(this.#now() - startMs);
    return result;
  }
}

/** From a Redis on the same machine to a Redis that is about to time out. */
const ROUND_TRIP_MS = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
