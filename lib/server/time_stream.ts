/**
 * The server's clock: the ephemeral stream `time`, and the text of its events.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import { guard, type Report } from "../wire/report.ts";

/** The name of the stream. */
export const TIME_STREAM = "time";

/** The current time as the data of an event, in UTC (RFC 3339). */
export function timeText(): string {
  return `time: ${new Date().toISOString()}`;
}

/**
 * Creates the stream and publishes the time to it.
 *
 * @param intervalMs The time between two events, in milliseconds.
 * @returns A function that stops it.
 */
export function startTimeStream(hub: BroadcastHub, intervalMs: number, report: Report): () => void {
  hub.createStream(TIME_STREAM, { ephemeral: true });
  const tick = () => guard(report, () => hub.publish(TIME_STREAM, { data: timeText() }));
  const timer = setInterval(tick, intervalMs);
  return () => clearInterval(timer);
}
