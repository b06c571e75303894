/**
 * A timer that does not keep a process alive.
 *
 * @module
 */

/**
 * Calls `callback` every `ms` milliseconds, for as long as something else keeps the process alive.
 *
 * Node's and Deno's timers have `unref()`. In a browser a timer is a number, and no timer keeps a page
 * open.
 *
 * @returns A function that stops it.
 */
export function startBackgroundTimer(ms: number, callback: () => void): () => void {
  const timer: unknown = setInterval(callback, ms);
  (timer as { readonly unref?: () => void }).unref?.();
  return () => clearInterval(timer as ReturnType<typeof setInterval>);
}
