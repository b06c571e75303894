/**
 * A timer that does not keep a process alive.
 *
 * @module
 */

/**
 * Calls `callback` every `ms` milliseconds while something else keeps the process alive.
 *
 * Timers of Node and Deno have `unref()`. A browser's timer is a number, and never keeps a page open.
 *
 * @returns A function that stops the timer.
 */
export function startBackgroundTimer(ms: number, callback: () => void): () => void {
  const timer: unknown = setInterval(callback, ms);
  (timer as { readonly unref?: () => void }).unref?.();
  return () => clearInterval(timer as ReturnType<typeof setInterval>);
}
