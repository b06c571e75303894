/**
 * How often which sizes occurred.
 *
 * @module
 */

/** What a {@linkcode Histogram} has counted; figures only grow, so that two can be subtracted. */
export interface HistogramCounts {
  /** The upper bounds of the buckets, growing; what is above the last is in one more bucket. */
  readonly bounds: readonly number[];
  /** How many values each bucket has, one more than there are bounds. */
  readonly counts: readonly number[];
  /** The sum of all values. */
  readonly sum: number;
}

/** Counts values in buckets. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** Begins with nothing in buckets of these upper bounds, growing. */
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

  /** What was counted by now. */
  counts(): HistogramCounts {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}

/**
 * The value that a share of those counted between two moments stays below, as if each bucket were
 * evenly filled; the last bound for what is above it.
 *
 * @param share From 0 to 1: 0.5 for the median.
 * @returns `undefined` if nothing was counted between.
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
