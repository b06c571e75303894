/**
 * Which entries of a log are to go: the oldest, beyond a number, a size or an age.
 *
 * @module
 */

import { checkOptions, type OptionRules } from "../wire/check_options.ts";

/** What a log keeps at the most, all streams together. */
export interface RetentionOptions {
  /**
   * The most entries. Events that are published in one turn, or faster than they can be written, share
   * one.
   *
   * @default {100_000}
   */
  readonly maxEntries?: number;
  /**
   * The most bytes of entries.
   *
   * @default {268_435_456}
   */
  readonly maxBytes?: number;
  /**
   * The age at which an entry goes, in milliseconds.
   *
   * @default {3_600_000}
   */
  readonly maxAgeMs?: number;
}

/** The age at which an entry goes, unless another is given; in milliseconds. */
export const MAX_AGE_MS = 3_600_000;

/** The rules of these options. */
export const retentionRules: OptionRules<RetentionOptions> = {
  maxEntries: { above: 0 },
  maxBytes: { above: 0 },
  maxAgeMs: { above: 0 },
};

/** What a log with these options, and perhaps others, keeps; what is left out has its default. */
export function retentionOf(options: RetentionOptions): Required<RetentionOptions> {
  const { maxEntries = 100_000, maxBytes = 268_435_456, maxAgeMs = MAX_AGE_MS } = options;
  return { maxEntries, maxBytes, maxAgeMs };
}

interface Kept {
  readonly id: string;
  readonly bytes: number;
  keptMs: number;
}

/** Keeps the books of the entries that a log has. */
export class Retention {
  readonly #options: Required<RetentionOptions>;
  #kept: Kept[] = [];
  #bytes = 0;
  #nowMs = -Infinity;

  /**
   * Begins with none.
   *
   * @throws {TypeError} If there is no such option.
   * @throws {RangeError} If an option is not above 0.
   */
  constructor(options: RetentionOptions = {}) {
    checkOptions("open log", options, retentionRules);
    this.#options = retentionOf(options);
  }

  /** Notes an entry by its last id, newer than all before; `timeMs` is when it was appended. */
  add(id: string, bytes: number, timeMs: number): void {
    this.#kept.push({ id, bytes, keptMs: timeMs });
    this.#bytes += bytes;
  }

  /**
   * Those that are to go now, the oldest first. Where the clock was set back, what seems to be from
   * later is as old as nothing, and ages from now on.
   */
  due(nowMs: number): string[] {
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
    return this.#kept.slice(0, stays < 0 ? Infinity : stays).map(({ id }) => id);
  }

  /** How many entries there are. */
  get count(): number {
    return this.#kept.length;
  }

  /** The age of the oldest, in milliseconds; 0 if there is none. */
  oldestAgeMs(nowMs: number): number {
    const [oldest] = this.#kept;
    return oldest ? Math.max(nowMs - oldest.keptMs, 0) : 0;
  }

  /** The ids of all entries, the oldest first. */
  get ids(): string[] {
    return this.#kept.map(({ id }) => id);
  }

  /** Strikes off the newest, those after an id: the store has lost them. */
  cut(afterId: string): void {
    while (this.#kept.length > 0 && this.#kept.at(-1)!.id > afterId) {
      this.#bytes -= this.#kept.pop()!.bytes;
    }
  }

  /** Strikes off the oldest that are gone. */
  drop(count: number): void {
    for (const { bytes } of this.#kept.slice(0, count)) this.#bytes -= bytes;
    this.#kept = this.#kept.slice(count);
  }
}
