/**
 * A clock that always tells a time, whatever the application's own does.
 *
 * @module
 */

import type { Report } from "./report.ts";

/**
 * Wraps a clock in milliseconds. While it throws or gives no number, and where it goes back, the time
 * stands still; the first error in a row is reported.
 */
export function steadyClock(now: () => number, report: Report): () => number {
  let latestMs: number | undefined;
  let isBroken = false;
  return () => {
    try {
      const nowMs = now();
      if (typeof nowMs !== "number" || Number.isNaN(nowMs)) {
        throw new TypeError(`Cannot use clock: now() must return a number, got ${nowMs}`);
      }
      isBroken = false;
      if (latestMs === undefined || nowMs > latestMs) latestMs = nowMs;
    } catch (error) {
      const wasBroken = isBroken;
      isBroken = true;
      if (!wasBroken) report(error);
    }
    return latestMs ?? 0;
  };
}
