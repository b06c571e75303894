/**
 * The greatest of many items, page by page. Only the items of a page are described.
 *
 * @module
 */

import { firstIndex } from "../wire/first_index.ts";

/** Which page of a ranking to return. */
export interface RankedPage {
  /** How many items come before the page. */
  readonly offset: number;
  /** The most items of the page. */
  readonly limit: number;
}

/**
 * Returns a page of items, the greatest value first; items of one value stay in their order. Costs one
 * look at each item, and more only for those that reach the page.
 */
export function rank<T>(
  items: Iterable<T>,
  valueOf: (item: T) => number,
  { offset, limit }: RankedPage,
): T[] {
  const most = offset + limit;
  // The best so far, the greatest first.
  const best: T[] = [];
  const values: number[] = [];
  for (const item of items) {
    const value = valueOf(item);
    if (best.length >= most && !(value > values.at(-1)!)) continue;
    const index = firstIndex(0, values.length, (index) => values[index]! < value);
    best.splice(index, 0, item);
    values.splice(index, 0, value);
    if (best.length <= most) continue;
    best.pop();
    values.pop();
  }
  return best.slice(offset);
}
