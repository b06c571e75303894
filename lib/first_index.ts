/**
 * Binary search.
 *
 * @module
 */

/** The first index from `low` on for which `isPast` holds, as it then does for all; else `high`. */
export function firstIndex(low: number, high: number, isPast: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
