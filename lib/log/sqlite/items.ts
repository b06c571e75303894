/**
 * The items of an entry, sorted by whether their keys are known.
 *
 * @module
 */

import type { Item } from "../entries.ts";
import type { Placed } from "../entry_store.ts";

/** Items, sorted by whether their keys are known. */
export interface SortedItems {
  /** The position of the first item with each known key. */
  readonly known: ReadonlyMap<string, Placed>;
  /** The items without a known key; of several items with the same key, the first. */
  readonly fresh: readonly Item[];
}

/** Sorts items. `find` returns the position of the item with a key in the store. */
export function sortItems(
  items: readonly Item[],
  find: (key: string) => Placed | undefined,
): SortedItems {
  const known = new Map<string, Placed>();
  const seen = new Set<string>();
  const fresh = items.filter(({ key }) => {
    if (key === undefined) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    const placed = find(key);
    if (placed) known.set(key, placed);
    return placed === undefined;
  });
  return { known, fresh };
}
