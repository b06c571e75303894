/**
 * The figures of a server over time, as the console's charts show them.
 *
 * @module
 */

import type { HubStats } from "../hub/stats.ts";
import { quantile } from "../wire/histogram.ts";
import type { ConnectionsStats } from "./connections.ts";

/** What figures are taken from, at one moment. */
export interface Sample {
  /** When, on the clock of `performance.now()`. */
  readonly ms: number;
  readonly hub: HubStats;
  readonly connections: ConnectionsStats;
  /** Refused requests since the start, by status and reason. */
  readonly refusals: Readonly<Record<string, number>>;
  /** The process's resident memory in bytes; `undefined` if it is unknown. */
  readonly memoryBytes: number | undefined;
}

/** The figures of an interval. */
export interface Figures {
  /** The end of the interval, in milliseconds since 1970. */
  readonly time: number;
  /** Open event streams at the end. */
  readonly connections: number;
  /** Subscribers of the hub at the end. */
  readonly subscribers: number;
  /** Events published a second. */
  readonly published: number;
  /** Events delivered a second. */
  readonly delivered: number;
  /** Half of the flushes took no longer, in milliseconds; `null` without flushes. */
  readonly latencyP50Ms: number | null;
  /** 99 % of the flushes took no longer, in milliseconds; `null` without flushes. */
  readonly latencyP99Ms: number | null;
  /** Resident memory at the end, in bytes; `null` if it is unknown. */
  readonly memoryBytes: number | null;
  /** Refused requests a minute, by status and reason, such as `401 no_token`; without those of none. */
  readonly refused: Readonly<Record<string, number>>;
  /** `gap` events a minute. */
  readonly gaps: number;
  /** `reset` events a minute. */
  readonly resets: number;
  /** Connections that ended, a minute, by reason; without the reasons of none. */
  readonly ended: Readonly<Record<string, number>>;
}

/** Returns the figures of the interval between two samples. */
export function figuresBetween(before: Sample, after: Sample): Figures {
  const seconds = Math.max((after.ms - before.ms) / 1_000, 0.001);
  const minutes = seconds / 60;
  const { hub } = after;
  const since = before.hub;
  const latency = (share: number) => quantile(since.latencyMs, hub.latencyMs, share) ?? null;
  const { own, hub: subscribed } = after.connections.open;
  return {
    time: Date.now(),
    connections: own + subscribed,
    subscribers: hub.subscribers,
    published: (hub.published - since.published) / seconds,
    delivered: (hub.deliveredEvents - since.deliveredEvents) / seconds,
    latencyP50Ms: latency(0.5),
    latencyP99Ms: latency(0.99),
    memoryBytes: after.memoryBytes ?? null,
    refused: increases(before.refusals, after.refusals, minutes),
    gaps: (hub.gaps - since.gaps) / minutes,
    resets: (hub.resets - since.resets) / minutes,
    ended: increases(endsOf(before), endsOf(after), minutes),
  };
}

/** How much each count has grown in a minute, without those that have not. */
function increases(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  minutes: number,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).flatMap(([name, count]) => {
      const more = count - (before[name] ?? 0);
      return more > 0 ? [[name, more / minutes]] : [];
    }),
  );
}

/** How many connections have ended since the start, by reason. */
function endsOf({ hub, connections }: Sample): Record<string, number> {
  return Object.fromEntries(
    Object.entries(hub.ended).map(([reason, count]) => {
      return [reason, count + connections.ended[reason as keyof typeof hub.ended]];
    }),
  );
}
