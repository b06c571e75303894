/**
 * Which entries of a log are to be trimmed: the oldest ones beyond a number, a size or an age.
 *
 * @module
 */

import { checkOptions, type OptionRules } from "../wire/check_options.ts";

/** The bounds of a log, all streams together. Entries beyond a bound are trimmed. */
export interface RetentionOptions {
  /**
   * The most entries. Events that are published in one turn, or faster than they can be written, share
   * an entry.
   *
   * @default {100_000}
   */
  readonly maxEntries?: number;
  /**
   * The most bytes, all entries together.
   *
   * @default {268_435_456}
   */
  readonly maxBytes?: number;
  /**
   * The age at which an entry is trimmed, in milliseconds.
   *
   * @default {3_600_000}
   */
  readonly maxAgeMs?: number;
}

/** The default of `maxAgeMs`. */
export const MAX_AGE_MS = 3_600_000;

/** The rules that check these options. */
export const retentionRules: OptionRules<RetentionOptions> = {
  maxEntries: { above: 0 },
  maxBytes: { above: 0 },
  maxAgeMs: { above: 0 },
};

/** Picks the bounds out of a log's options, and fills in the defaults. */
export function retentionOf(options: RetentionOptions): Required<RetentionOptions> {
  const { maxEntries = 100_000, maxBytes = 268_435_456, maxAgeMs = MAX_AGE_MS } = options;
  return { maxEntries, maxBytes, maxAgeMs };
}

/** An entry to trim. */
export interface Due {
  /** The last id of the entry. */
  readonly id: string;
  /** The number of the entry, or of the last numbered one before it; `undefined` if it is not known. */
  readonly number: number | undefined;
}

interface Kept extends Due {
  readonly bytes: number;
  keptMs: number;
}

/** Keeps track of a log's entries, and finds the ones to trim. */
export class Retention {
  readonly #options: Required<RetentionOptions>;
  #kept: Kept[] = [];
  #bytes = 0;
  #nowMs = -Infinity;

  /**
   * Begins without entries.
   *
   * @throws {TypeError} If an option is unknown.
   * @throws {RangeError} If an option is not above 0.
   */
  constructor(options: RetentionOptions = {}) {
    checkOptions("open log", options, retentionRules);
    this.#options = retentionOf(options);
  }

  /**
   * Adds the newest entry.
   *
   * @param id The last id of the entry; greater than all before.
   * @param timeMs When the entry was appended, in milliseconds since 1970.
   */
  add(id: string, bytes: number, timeMs: number, number?: number): void {
    this.#kept.push({ id, number, bytes, keptMs: timeMs });
    this.#bytes += bytes;
  }

  /**
   * Returns the entries to trim now, the oldest first. After the clock was set back, an entry
   * from the future counts as new, and ages from now on.
   */
  due(nowMs: number): Due[] {
    if (nowMs < this.#nowMs) {
      for (const kept of this.#kept) kept.keptMs = Math.min(kept.keptMs, nowMs);
    }
    this.#nowMs = nowMs;
    const { maxEntries, maxBytes, maxAgeMs } = this.#options;
    let bytes = this.#bytes;
    const stays = this.#kept.findIndex((kept, i) => {
      const exceeds = this.#kept.length - i > maxEntries || bytes > maxBytes;
      bytes -= kept.bytes;
      return !exceeds && nowMs - kept.keptMs <= maxAgeMs;
    });
    return this.#kept.slice(0, stays < 0 ? Infinity : stays);
  }

  /** The number of entries. */
  get count(): number {
    return this.#kept.length;
  }

  /** Returns the age of the oldest entry in milliseconds; 0 without entries. */
  oldestAgeMs(nowMs: number): number {
    const [oldest] = this.#kept;
    return oldest ? Math.max(nowMs - oldest.keptMs, 0) : 0;
  }

  /** The ids of all entries, the oldest first. */
  get ids(): string[] {
    return this.#kept.map(({ id }) => id);
  }

  /** Removes the newest entries, after an id: the store has lost them. */
  cut(afterId: string): void {
    while (this.#kept.length > 0 && this.#kept.at(-1)!.id > afterId) {
      this.#bytes -= this.#kept.pop()!.bytes;
    }
  }

  /** Removes the oldest entries: they have been trimmed. */
  drop(count: number): void {
    for (const { bytes } of this.#kept.slice(0, count)) this.#bytes -= bytes;
    this.#kept = this.#kept.slice(count);
  }
}
