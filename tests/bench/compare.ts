/**
 * Two checkouts side by side: of each figure the medians, their spread, and their ratio.
 *
 * @module
 */

import { median } from "./median.ts";
import type { Row } from "./scenario.ts";

/** One figure of one server and case, in this checkout and in the other one. */
export interface Comparison {
  /** The server, and which of the scenario's cases it is. */
  readonly name: string;
  /** What was measured. */
  readonly figure: string;
  /** Its values in this checkout. */
  readonly here: Spread;
  /** Its values in the other checkout. */
  readonly there: Spread;
  /** This checkout's median divided by the other one's; `NaN` where both are 0. */
  readonly ratio: number;
  /**
   * Whether this checkout is worse beyond noise: its median by more than 5 %, and each of its runs than
   * each of the other checkout's.
   */
  readonly isWorse: boolean;
}

/** The values of several runs. */
export interface Spread {
  /** The lowest. */
  readonly least: number;
  /** The median. */
  readonly median: number;
  /** The highest. */
  readonly most: number;
}

/** Compares the runs of two checkouts, figure by figure; one that only one of them has is left out. */
export function compareRows(here: readonly Row[], there: readonly Row[]): Comparison[] {
  const others = valuesByName(there);
  return [...valuesByName(here)].flatMap(([name, figures]) =>
    [...figures].flatMap(([figure, values]) => {
      const otherValues = others.get(name)?.get(figure);
      return otherValues ? [compare(name, figure, spread(values), spread(otherValues))] : [];
    })
  );
}

function compare(name: string, figure: string, here: Spread, there: Spread): Comparison {
  const ratio = here.median / there.median;
  const isWorse = HIGHER_IS_BETTER.has(figure)
    ? ratio < 0.95 && here.most < there.least
    : ratio > 1.05 && here.least > there.most;
  return { name, figure, here, there, ratio, isWorse };
}

const HIGHER_IS_BETTER = new Set(["per second", "offered/s", "% in time"]);

function spread(values: readonly number[]): Spread {
  return { least: Math.min(...values), median: median(values), most: Math.max(...values) };
}

/** By server and case, and by figure, the values of all runs. */
function valuesByName(rows: readonly Row[]): Map<string, Map<string, number[]>> {
  const byName = Map.groupBy(
    rows,
    ({ server, variant }) => variant ? `${server}, ${variant}` : server,
  );
  return new Map([...byName].map(([name, group]) => [name, valuesByFigure(group)]));
}

function valuesByFigure(rows: readonly Row[]): Map<string, number[]> {
  const figures = rows.flatMap((row) => Object.entries(figuresOf(row)));
  const measured = figures.filter(([, value]) => Number.isFinite(value));
  return new Map(
    [...Map.groupBy(measured, ([figure]) => figure)]
      .map(([figure, entries]) => [figure, entries.map(([, value]) => value!)]),
  );
}

function figuresOf(row: Row): Record<string, number | undefined> {
  return {
    "per second": row.perSecond,
    "CPU µs each": row.cpuUs,
    "p50 ms": row.p50Ms,
    "p99 ms": row.p99Ms,
    "p99.9 ms": row.p999Ms,
    "memory MB": row.rssBytes && row.rssBytes / 1e6,
    "lost": row.lost,
    ...row.more,
  };
}
