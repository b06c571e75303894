/**
 * Waiting in tests: for a promise, for a condition, and for pending microtasks.
 *
 * @module
 */

/**
 * Resolves or rejects with a promise, and rejects if the promise is pending after 30 s. Only a failing
 * test waits that long, even on a busy machine.
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

/** Resolves as soon as a condition holds, and rejects if it does not hold within 30 s. */
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

/** Calls a function with a signal that is aborted if the returned promise is pending after some time. */
export async function within<T>(ms: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ms);
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after all pending microtasks. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
