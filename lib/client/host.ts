/**
 * What a client needs of the place where it runs: a clock, timers and chance.
 *
 * @module
 */

/** The place where a client runs. Tests pass one of their own. */
export interface Host {
  /** Returns the time in milliseconds. It goes on while the machine sleeps. */
  readonly now: () => number;
  /** Calls back after some milliseconds. Returns a function that stops the timer. */
  readonly setTimer: (ms: number, callback: () => void) => () => void;
  /** Returns a random number from 0 to 1, 1 excluded. */
  readonly random: () => number;
  /** Whether the page is hidden. */
  readonly isHidden: () => boolean;
}

/** The browser, worker or process that this module runs in. Without a page, nothing is ever hidden. */
export const thisHost: Host = {
  now: Date.now,
  setTimer(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  isHidden: () =>
    (globalThis as { readonly document?: { readonly hidden: boolean } }).document?.hidden ?? false,
};
