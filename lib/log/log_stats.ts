/**
 * What a log says of itself, and what counts it.
 *
 * @module
 */

import { Histogram, type HistogramCounts } from "../wire/histogram.ts";

/** Figures of a log, as this instance sees it; counted since it was made. */
export interface LogStats {
  /** Entries that the log keeps, of those that this instance has read. */
  readonly entries: number;
  /** The age of the oldest of them, in milliseconds; 0 if there is none. */
  readonly oldestAgeMs: number;
  /**
   * Entries that the store has and this instance has not delivered yet, by what it knew of the store a
   * second ago. While the store can't be reached, the last known figure.
   */
  readonly lagEntries: number;
  /** The age of the oldest of those, in milliseconds; 0 if there is none. */
  readonly lagMs: number;
  /**
   * How often the log has become unreachable or unwritable, once for each outage, however many reasons
   * it had. A store that can't be reached while the log is opened is an outage as well.
   */
  readonly outages: number;
  /** How long all outages have lasted, in milliseconds, one that still lasts included. */
  readonly outageMs: number;
  /** From handing an entry to the store until the entry was durable, in milliseconds. */
  readonly appendMs: HistogramCounts;
  /** The round trip of the check that the log makes of its store every second, in milliseconds. */
  readonly checkMs: HistogramCounts;
}

/** Counts the outages of a log and times the answers of its store. */
export class LogMeter {
  readonly #now: () => number;
  readonly #appendMs = new Histogram(ROUND_TRIP_MS);
  readonly #checkMs = new Histogram(ROUND_TRIP_MS);
  #outages = 0;
  #endedMs = 0;
  // When the outage began that still lasts.
  #downSinceMs: number | undefined;

  /** Begins with zeros. `now` gives the time in milliseconds and never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes note of a reason why the log is down; of several in a row, the first begins an outage. */
  down(): void {
    if (this.#downSinceMs !== undefined) return;
    this.#outages++;
    this.#downSinceMs = this.#now();
  }

  /** Takes note that the log is up. */
  up(): void {
    this.#endedMs = this.#outageMs;
    this.#downSinceMs = undefined;
  }

  /** Times an append; one that fails is not counted. */
  append<T>(append: () => Promise<T>): Promise<T> {
    return this.#time(this.#appendMs, append);
  }

  /** Times a check; one that fails is not counted. */
  check<T>(check: () => Promise<T>): Promise<T> {
    return this.#time(this.#checkMs, check);
  }

  /** What was counted by now. */
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

/** From a Redis next door to one that is about to be given up. */
const ROUND_TRIP_MS = [0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];
