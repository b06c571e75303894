/**
 * Acting on many items, each at a random moment.
 *
 * @module
 */

import { MAX_TIMER_MS } from "./number_option.ts";

/**
 * Acts on each item at a random moment within `withinMs` milliseconds, so that clients don't reconnect
 * all at once. The limit is that of a timer, 24.8 days.
 *
 * @returns A promise that resolves after the last item.
 */
export function stagger<T>(
  items: Iterable<T>,
  withinMs: number,
  act: (item: T) => void,
): Promise<unknown> {
  return Promise.all(Array.from(items, (item) =>
    new Promise<void>((resolve) => {
      setTimeout(() => {
        act(item);
        resolve();
      }, Math.random() * Math.min(withinMs, MAX_TIMER_MS));
    })));
}
