/**
 * What a scenario of the bench is, and what comes of it.
 *
 * @module
 */

import type { Bench } from "./bench.ts";

/** The servers compared: a file of `servers/` each. `main` is the whole server, not the hub alone. */
export type ServerName = "hub" | "controllers" | "better_sse" | "hono" | "nchan" | "bare" | "main";

/** The servers that run this project's code, so that they differ between two checkouts. */
export const OURS: readonly ServerName[] = ["hub", "main"];

/** The results of one run of one server; what does not apply is left out. */
export interface Row {
  /** The server. */
  readonly server: ServerName;
  /** Which of the scenario's cases it is. */
  readonly variant?: string;
  /** Deliveries a second, or whatever else the scenario counts, as its title says. */
  readonly perSecond?: number;
  /** The server's CPU time for each, all threads, in microseconds. */
  readonly cpuUs?: number;
  /** Latency that half of the events do not exceed, in milliseconds. */
  readonly p50Ms?: number;
  /** Latency that 99 % do not exceed. */
  readonly p99Ms?: number;
  /** Latency that 99.9 % do not exceed. */
  readonly p999Ms?: number;
  /** The server's resident memory at the end, in bytes. */
  readonly rssBytes?: number;
  /** Deliveries that were published and did not come, or came twice or out of order. */
  readonly lost?: number;
  /** Figures that only this scenario has, by name. */
  readonly more?: Readonly<Record<string, number>>;
  /** Why there is nothing. */
  readonly remark?: string;
}

/** What is to be reached, and what was. */
export interface Target {
  /** What is compared. */
  readonly text: string;
  /** What came out. */
  readonly value: number;
  /** How it must stand to the limit. */
  readonly relation: "≤" | "≥";
  /** The limit. */
  readonly limit: number;
}

/** Finds the row of a server, and of one of its cases; one without figures if there is none. */
export type Find = (server: ServerName, variant?: string) => Row;

/** One thing the bench measures. */
export interface Scenario {
  /** What picks it on the command line. */
  readonly name: string;
  /** What it does, and what is counted. */
  readonly title: string;
  /** Who takes part. */
  readonly servers: readonly ServerName[];
  /** The most runs that are worth their time. */
  readonly maxRuns?: number;
  /** Runs it once for one server. */
  readonly run: (bench: Bench, server: ServerName) => Promise<readonly Row[]>;
  /** What must be reached, from the medians of all runs. */
  readonly targets?: (find: Find) => readonly Target[];
}

/** The servers that take part in most scenarios. */
export const broadcasters: readonly ServerName[] = [
  "hub",
  "controllers",
  "better_sse",
  "hono",
  "nchan",
];
