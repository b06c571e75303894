/**
 * A clock that never throws and never goes back, over an application's clock.
 *
 * @module
 */

import type { Report } from "./report.ts";

/**
 * Wraps a clock in milliseconds. While the clock throws, returns no number or goes back, time stands
 * still. Of several errors in a row, the first is reported.
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
