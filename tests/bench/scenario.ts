/**
 * A scenario of the bench, and its results.
 *
 * @module
 */

import type { Bench } from "./bench.ts";
import type { Elsewhere } from "./elsewhere.ts";

/**
 * The servers, each with a file in `servers/`. `main` is the whole server, not the hub alone; `node22`,
 * `node24` and `bun` are the hub on these runtimes.
 */
export type ServerName =
  | "hub"
  | "controllers"
  | "better_sse"
  | "hono"
  | "nchan"
  | "bare"
  | "main"
  | Elsewhere;

/** The servers that run this project's code, so that they differ between two checkouts. */
export const OURS: readonly ServerName[] = ["hub", "main"];

/** The results of one run of one server; what does not apply is left out. */
export interface Row {
  /** The server. */
  readonly server: ServerName;
  /** The case, where the scenario has several. */
  readonly variant?: string;
  /** Deliveries a second, or what else the scenario counts according to its title. */
  readonly perSecond?: number;
  /** The server's CPU time for each of them, of all threads, in microseconds. */
  readonly cpuUs?: number;
  /** The latency that half of the events do not exceed, in milliseconds. */
  readonly p50Ms?: number;
  /** The latency that 99 % of the events do not exceed. */
  readonly p99Ms?: number;
  /** The latency that 99.9 % of the events do not exceed. */
  readonly p999Ms?: number;
  /** The server's resident memory at the end, in bytes. */
  readonly rssBytes?: number;
  /** Deliveries that are missing, or arrived twice or out of order. */
  readonly lost?: number;
  /** Figures that only this scenario has, by name. */
  readonly more?: Readonly<Record<string, number>>;
  /** Why there are no figures. */
  readonly remark?: string;
}

/** A target, and what was reached. */
export interface Target {
  /** What is compared. */
  readonly text: string;
  /** The result. */
  readonly value: number;
  /** How the result must compare to the limit. */
  readonly relation: "≤" | "≥";
  /** The limit. */
  readonly limit: number;
}

/** Finds the row of a server or of one of its cases, or returns one without figures. */
export type Find = (server: ServerName, variant?: string) => Row;

/** One thing the bench measures. */
export interface Scenario {
  /** Its name on the command line. */
  readonly name: string;
  /** What it does, and what it counts. */
  readonly title: string;
  /** The servers that take part. */
  readonly servers: readonly ServerName[];
  /** The most runs that are worth their time; a comparison of two checkouts ignores it. */
  readonly maxRuns?: number;
  /** Runs it once for one server. */
  readonly run: (bench: Bench, server: ServerName) => Promise<readonly Row[]>;
  /** The targets, judged by the medians of all runs. */
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
