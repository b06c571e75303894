/**
 * How many entries to read at a time, so that a page has about a given size.
 *
 * @module
 */

import type { StoredEntry } from "../entries.ts";

/** Options of {@linkcode PageSize}. */
export interface PageSizeOptions {
  /** How many entries to read the first time. */
  readonly count: number;
  /** How many entries to read at least. */
  readonly minCount: number;
  /**
   * How many entries to read at most.
   *
   * @default {100}
   */
  readonly maxCount?: number;
  /** How many characters a page should have. */
  readonly length: number;
}

/** Learns from each page how many entries the next one should have. */
export class PageSize {
  readonly #minCount: number;
  readonly #maxCount: number;
  readonly #length: number;
  #count: number;

  /** Begins with a guess. */
  constructor({ count, minCount, maxCount = 100, length }: PageSizeOptions) {
    this.#count = count;
    this.#minCount = minCount;
    this.#maxCount = maxCount;
    this.#length = length;
  }

  /** How many entries to read next. */
  get count(): number {
    return this.#count;
  }

  /** Learns from a page that was read. */
  measure(page: readonly StoredEntry[]): void {
    const length = page.reduce((sum, { text }) => sum + text.length, 0);
    if (length === 0) return;
    this.#set(Math.floor(page.length * this.#length / length));
  }

  /** Halves the size after a page that timed out: over a slow link, a smaller page may get through. */
  halve(): void {
    this.#set(Math.floor(this.#count / 2));
  }

  #set(count: number): void {
    this.#count = Math.min(Math.max(count, this.#minCount), this.#maxCount);
  }
}

/** Reads a page of about the wanted size. */
export async function sized(
  size: PageSize,
  read: (count: number) => Promise<StoredEntry[]>,
): Promise<StoredEntry[]> {
  try {
    const page = await read(size.count);
    size.measure(page);
    return page;
  } catch (error) {
    size.halve();
    throw error;
  }
}
