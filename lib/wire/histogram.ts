/**
 * A histogram: how many values fell into each bucket.
 *
 * @module
 */

/** The counts of a histogram. They only grow, so earlier counts can be subtracted from later ones. */
export interface HistogramCounts {
  /** The upper bounds of the buckets, ascending. One more bucket has the values above the last bound. */
  readonly bounds: readonly number[];
  /** How many values each bucket has. There is one more count than there are bounds. */
  readonly counts: readonly number[];
  /** The sum of all values. */
  readonly sum: number;
}

/** Counts values in buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** Begins with empty buckets of these upper bounds, ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array(bounds.length + 1).fill(0);
  }

  /** Counts a value. */
  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  /** Returns a copy of the counts. */
  counts(): HistogramCounts {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}

/**
 * Estimates a quantile of the values counted between two moments, as if the values of each bucket were
 * spread evenly. For values above the last bound, returns the last bound.
 *
 * @param share The quantile, from 0 to 1: 0.5 for the median.
 * @returns `undefined` if no value was counted between the two moments.
 */
export function quantile(
  before: HistogramCounts | undefined,
  after: HistogramCounts,
  share: number,
): number | undefined {
  const counts = after.counts.map((count, i) => count - (before?.counts[i] ?? 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  for (const [i, bound] of after.bounds.entries()) {
    const count = counts[i]!;
    const low = after.bounds[i - 1] ?? 0;
    if (left <= count) return low + (bound - low) * (count === 0 ? 0 : left / count);
    left -= count;
  }
  return after.bounds.at(-1);
}
