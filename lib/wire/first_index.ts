/**
 * Binary search.
 *
 * @module
 */

/**
 * Returns the first index from `low` to `high` (exclusive) for which `isPast` holds; `high` if there is
 * none. `isPast` must hold for all later indexes as well.
 */
export function firstIndex(low: number, high: number, isPast: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Like {@linkcode firstIndex}, but faster for an index near `low`: it searches in steps that double. */
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
