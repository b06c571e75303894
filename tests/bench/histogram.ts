/**
 * Counts how often each latency occurred, to about 1.5 %, in a few nanoseconds each.
 *
 * @module
 */

/** Counts of whole, non-negative numbers below 2^30. */
export class Histogram {
  readonly #counts = new Float64Array(64 * 25);
  #total = 0;

  /** Counts a value. */
  add(value: number): void {
    this.#counts[bucket(value)]!++;
    this.#total++;
  }

  /** The value that a share of all values, from 0 to 1, does not exceed; `NaN` if there are none. */
  quantile(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (count > 0 && left <= 0) return upperEnd(index);
    }
    return NaN;
  }
}

// One bucket for each value up to 127, then 64 buckets for each doubling.
function bucket(value: number): number {
  const shift = Math.max(25 - Math.clz32(value), 0);
  return (shift << 6) + (value >>> shift);
}

function upperEnd(index: number): number {
  const shift = Math.max((index >>> 6) - 1, 0);
  return (index - (shift << 6) + 1) * 2 ** shift - 1;
}
