/**
 * Waiting for a time of day, also where the machine sleeps meanwhile and its timers stand still.
 *
 * @module
 */

import type { Host } from "./host.ts";

/**
 * Calls back when a time has come, or when the machine has slept.
 *
 * It looks once a second, because after a sleep a long timer goes on where it stood. A timer that fires
 * five seconds late means that the machine slept, and so does a clock that was set.
 *
 * @param due Returns the time; it may change.
 * @param callback Is told whether the machine has slept. It is called once, or until it does not return
 * `true`.
 * @returns A function that stops waiting.
 */
export function waitForTime(
  { now, setTimer }: Host,
  due: () => number,
  callback: (hasSlept: boolean) => boolean | void,
): () => void {
  let stop: () => void;
  (function wait(): void {
    const from = now();
    const ms = Math.min(Math.max(due() - from, 0), 1_000);
    stop = setTimer(ms, () => {
      const hasSlept = Math.abs(now() - from - ms) >= 5_000;
      if (!hasSlept && now() < due() || callback(hasSlept)) wait();
    });
  })();
  return () => stop();
}
