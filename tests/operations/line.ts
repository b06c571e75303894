/**
 * A straight line through points.
 *
 * @module
 */

/** A point: at `x` it was `y`. */
export type Point = readonly [x: number, y: number];

/** How steeply points rise. */
export interface Line {
  /** How much `y` rises for each 1 of `x`. */
  readonly slope: number;
  /** The slope's standard error: how far it may be off by the points' scatter. */
  readonly error: number;
}

/** Fits a line by least squares; to three points or more. */
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
