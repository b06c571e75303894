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

/** Like {@linkcode firstIndex}, for an index that is probably near `low`: takes steps that double. */
export function firstIndexNear(
  low: number,
  high: number,
  isPast: (index: number) => boolean,
): number {
  let step = 1;
  while (low + step <= high && !isPast(low + step - 1)) {
    low += step;
    step *= 2;
  }
  return firstIndex(low, Math.min(low + step - 1, high), isPast);
}
