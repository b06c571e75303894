/**
 * Makes findings, and the texts that several checks share.
 *
 * @module
 */

import type { Answer, Finding, Observations, Watched } from "./observations.ts";

/** Finds that a check is fine. */
export function ok(check: string, seen: string): Finding {
  return { check, level: "ok", seen };
}

/** Finds a disadvantage, and what to change. */
export function warning(check: string, seen: string, change: string): Finding {
  return { check, level: "warning", seen, change };
}

/** Finds a fault, and what to change. */
export function fault(check: string, seen: string, change: string): Finding {
  return { check, level: "fault", seen, change };
}

/** Writes a time for a reader: `12 ms` or `5.0 s`. */
export function showMs(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** Writes a count with its noun: `1 event`, `2 events`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** All answers whose headers may name a proxy. */
export function answersOf({ watched, notFound, unauthorized }: Observations): readonly Answer[] {
  return [watched, notFound, unauthorized];
}

/** Whether an answer is an event stream for an `EventSource`. */
export function isEventStream({ status, headers }: Answer): boolean {
  return status === 200 && /^text\/event-stream\s*(;|$)/i.test(headers["content-type"] ?? "");
}

/** Whether the body of the stream is compressed. */
export function isCompressed({ headers }: Answer): boolean {
  return (headers["content-encoding"] ?? "identity") !== "identity";
}

/** The seconds between heartbeats that an sse-hub announces; `undefined` for another server. */
export function announcedHeartbeat({ arrivals }: Watched): number | undefined {
  const hello = arrivals.find(({ event }) => event === "hello");
  const [, seconds] = /"heartbeatSeconds":([\d.]+)/.exec(hello?.data ?? "") ?? [];
  return seconds === undefined ? undefined : Number(seconds);
}
