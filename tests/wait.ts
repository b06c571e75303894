/**
 * Waiting in tests: for a condition, and for what is ready by now.
 *
 * @module
 */

import { soon } from "./program.ts";

/** Resolves as soon as a condition holds, and rejects where it does not come to hold. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what: () => string = () => `${isSo}`,
): Promise<void> {
  let isWaiting = true;
  const polling = (async () => {
    while (isWaiting && !await isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  })();
  try {
    await soon(polling, what);
  } finally {
    isWaiting = false;
  }
}

/** Resolves after everything has run that waits for no timer, no socket and no file. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
