/**
 * A straight line through points.
 *
 * @module
 */

/** A point. */
export type Point = readonly [x: number, y: number];

/** A line's slope and how exact it is. */
export interface Line {
  /** The rise of `y` for each 1 of `x`. */
  readonly slope: number;
  /** The slope's standard error, due to the points' scatter. */
  readonly error: number;
}

/** Fits a line to three or more points by least squares. */
export function fitLine(points: readonly Point[]): Line {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = sum(points.map(([x]) => (x - meanX) ** 2));
  const slope = sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spread;
  const scatter = sum(points.map(([x, y]) => (y - meanY - slope * (x - meanX)) ** 2));
  return { slope, error: Math.sqrt(scatter / (points.length - 2) / spread) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
