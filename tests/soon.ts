/**
 * Waiting for what a test is promised.
 *
 * @module
 */

/** What is promised, or an error where it would keep a failing test waiting for ever. */
export async function soon<T>(promise: Promise<T>, what: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what()}`)), 10_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
