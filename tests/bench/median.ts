/**
 * Makes one row of the rows of several runs.
 *
 * @module
 */

import type { Row } from "./scenario.ts";

/** Merges the rows of each server and case: the median of every figure, but the most losses. */
export function medianRows(rows: readonly Row[]): Row[] {
  const groups = Map.groupBy(rows, ({ server, variant = "" }) => `${server} ${variant}`);
  return [...groups.values()].map((group) => {
    const row: Record<string, unknown> = { ...group[0]!, ...medians(group) };
    const losses = group.map(({ lost }) => lost).filter((lost) => lost !== undefined);
    if (losses.length > 0) row["lost"] = Math.max(...losses);
    const more = group.map((row) => row.more).filter((more) => more !== undefined);
    if (more.length > 0) row["more"] = medians(more);
    return row as unknown as Row;
  });
}

/** The median of a list; for an even number of values the lower of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? NaN;
}

function medians(records: readonly object[]): Record<string, number> {
  const byName = Map.groupBy(records.flatMap(Object.entries), ([name]) => name);
  return Object.fromEntries(
    [...byName].map(([name, entries]) => [name, entries.map(([, value]) => value)] as const)
      .filter(([, values]) => values.every((value) => typeof value === "number"))
      .map(([name, values]) => [name, median(values)]),
  );
}
