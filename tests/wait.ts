/**
 * Waiting in tests: for a promise, for a condition, and for what is ready by now.
 *
 * @module
 */

/**
 * Resolves with what is promised, and rejects where it has not come after 30 s. Only a failing test waits
 * for so long, also where the machine is busy with other tests.
 */
export async function soon<T>(promise: Promise<T>, what: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what()}`)), 30_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

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
