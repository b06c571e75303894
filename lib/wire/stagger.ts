/**
 * Doing something to many, each at a moment of its own.
 *
 * @module
 */

import { MAX_TIMER_MS } from "./number_option.ts";

/**
 * Acts on each item at a random moment within `withinMs` milliseconds, so that clients that are sent
 * away don't come back all at once. It takes 24 days at most, as a timer does.
 *
 * @returns A promise that resolves when all have been acted on.
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
