/**
 * The metrics of the server. No label has a value that a client chooses.
 *
 * @module
 */

import type { HubStats } from "../hub/stats.ts";
import type { LogStats } from "../log/log_stats.ts";
import type { ConnectionsStats } from "./connections.ts";
import type { JwksStats } from "./jwks_source.ts";
import type { ProcessStats } from "./process_stats.ts";
import type { RefusalCount } from "./refusal_report.ts";
import { byLabel, family, histogram } from "./metrics_text.ts";
import { runtimeName, VERSION } from "./version.ts";

/** The figures that the text contains. */
export interface MetricsInput {
  /** The hub behind `/sse?stream=`. */
  readonly hub: HubStats;
  /** Whether events can be published. */
  readonly isLogUp: boolean;
  /** The open event streams of both shapes. */
  readonly connections: ConnectionsStats;
  /** Streamed bodies that are being published. */
  readonly ingests: number;
  /** Refused publishes by reason. */
  readonly refusedPublishers: Readonly<Record<string, number>>;
  /** Refused requests by status and reason. */
  readonly refusals: readonly RefusalCount[];
  /** Log lines that could not be printed. */
  readonly droppedLines: number;
  /** Figures of the process, as far as they are known. */
  readonly processStats: ProcessStats;
  /** The keys at `JWKS_URL`; `undefined` without it. */
  readonly jwks: JwksStats | undefined;
  /** The limits by the names of their settings, in lower case. A limit that is off is left out. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The content type of the text. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes the text. */
export function metricsText(input: MetricsInput): string {
  const { hub, isLogUp, connections, ingests, refusedPublishers } = input;
  const { refusals, droppedLines } = input;
  return [
    connectionsText(connections, hub),
    family("sse_ingests", "gauge", "Streamed bodies that are being published", { "": ingests }),
    family(
      "sse_publishers_refused_total",
      "counter",
      "Publishes refused",
      byLabel("reason", refusedPublishers),
    ),
    family(
      "sse_requests_refused_total",
      "counter",
      "Requests refused",
      Object.fromEntries(
        refusals.map(({ status, reason, count }) => [
          `status="${status}",reason="${reason}"`,
          count,
        ]),
      ),
    ),
    subscribersText(hub),
    eventsText(hub),
    family("sse_log_up", "gauge", "Whether events can be published", { "": Number(isLogUp) }),
    hub.log ? logText(hub.log) : "",
    family("sse_log_lines_dropped_total", "counter", "Log lines that could not be printed", {
      "": droppedLines,
    }),
    input.jwks ? jwksText(input.jwks) : "",
    family("sse_limit", "gauge", "Limits, by setting", byLabel("setting", input.limits)),
    family("sse_build_info", "gauge", "What runs, as labels", {
      [`version="${VERSION}",runtime="${runtimeName().replace(/["\\]/g, "")}"`]: 1,
    }),
    processText(input.processStats),
  ].join("");
}

function connectionsText(connections: ConnectionsStats, hub: HubStats): string {
  return [
    family(
      "sse_connections",
      "gauge",
      "Open event streams",
      byLabel("shape", connections.open),
    ),
    family("sse_connections_lingering", "gauge", "Ended event streams whose sockets are not gone", {
      "": connections.lingering,
    }),
    family(
      "sse_connections_total",
      "counter",
      "Event streams opened",
      byLabel("shape", connections.total),
    ),
    family("sse_connections_ended_total", "counter", "Event streams ended", {
      ...byLabel('shape="own",reason', connections.ended),
      ...byLabel('shape="hub",reason', hub.ended),
    }),
    family(
      "sse_connections_refused_total",
      "counter",
      "Clients told to reconnect later",
      byLabel("reason", connections.refused),
    ),
  ].join("");
}

function subscribersText(hub: HubStats): string {
  return [
    family("sse_streams", "gauge", "Streams of the hub", { "": hub.streams }),
    family("sse_subscribers", "gauge", "Subscribers of the hub", { "": hub.subscribers }),
    family(
      "sse_subscribers_lagging",
      "gauge",
      "Subscribers that still need events already published",
      {
        "": hub.lagging,
      },
    ),
  ].join("");
}

function eventsText(hub: HubStats): string {
  return [
    family("sse_events_published_total", "counter", "Events published", { "": hub.published }),
    family("sse_events_delivered_total", "counter", "Events handed to the runtime, by subscriber", {
      "": hub.deliveredEvents,
    }),
    family("sse_bytes_delivered_total", "counter", "Bytes handed to the runtime, by subscriber", {
      "": hub.deliveredBytes,
    }),
    family("sse_gaps_total", "counter", "Subscribers told of a gap", { "": hub.gaps }),
    family("sse_resets_total", "counter", "Subscribers that brought an unknown id", {
      "": hub.resets,
    }),
    family("sse_history_bytes", "gauge", "Encoded bytes kept", { "": hub.historyBytes }),
    histogram("sse_flush_events", "Events sent at once", hub.flushEvents, 1),
    histogram(
      "sse_publish_latency_seconds",
      "From a turn's first publish until all of it was handed to the runtime",
      hub.latencyMs,
      1_000,
    ),
  ].join("");
}

function logText(log: LogStats): string {
  return [
    family("sse_log_entries", "gauge", "Entries that the event log keeps", { "": log.entries }),
    family("sse_log_oldest_entry_age_seconds", "gauge", "Age of the oldest entry kept", {
      "": log.oldestAgeMs / 1_000,
    }),
    family("sse_log_lag_entries", "gauge", "Entries in the store, not yet delivered here", {
      "": log.lagEntries,
    }),
    family("sse_log_lag_seconds", "gauge", "Age of the oldest entry not yet delivered here", {
      "": log.lagMs / 1_000,
    }),
    family("sse_log_outages_total", "counter", "Outages of the event log", {
      "": log.outages,
    }),
    family("sse_log_outage_seconds_total", "counter", "How long all outages lasted", {
      "": log.outageMs / 1_000,
    }),
    histogram(
      "sse_log_append_seconds",
      "From handing an entry to the store until it was durable",
      log.appendMs,
      1_000,
    ),
    histogram(
      "sse_log_check_seconds",
      "Round trip of the check of the store, made every second",
      log.checkMs,
      1_000,
    ),
  ].join("");
}

function jwksText({ keys, ageMs, fetches }: JwksStats): string {
  return [
    family("sse_jwks_keys", "gauge", "Keys of JWKS_URL that verify tokens", { "": keys }),
    ageMs === undefined ? "" : family(
      "sse_jwks_age_seconds",
      "gauge",
      "Time since the keys of JWKS_URL were last fetched",
      { "": ageMs / 1_000 },
    ),
    family(
      "sse_jwks_fetches_total",
      "counter",
      "Fetches of JWKS_URL",
      byLabel("result", fetches),
    ),
  ].join("");
}

/**
 * Writes figures of the process under the names that every client library of Prometheus gives them.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics}
 */
function processText(stats: ProcessStats): string {
  return PROCESS_FAMILIES.map(([name, type, help, of]) => {
    const value = of(stats);
    return value === undefined ? "" : family(name, type, help, { "": value });
  }).join("");
}

const PROCESS_FAMILIES: readonly [
  name: string,
  type: "counter" | "gauge",
  help: string,
  of: (stats: ProcessStats) => number | undefined,
][] = [
  ["process_cpu_seconds_total", "counter", "CPU time", ({ cpuSeconds }) => cpuSeconds],
  ["process_resident_memory_bytes", "gauge", "Resident memory", (stats) => stats.residentBytes],
  ["process_heap_bytes", "gauge", "Heap of JavaScript", ({ heapBytes }) => heapBytes],
  [
    "process_start_time_seconds",
    "gauge",
    "When the process started, in seconds since 1970",
    ({ startedAtSeconds }) => startedAtSeconds,
  ],
];
