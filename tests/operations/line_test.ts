import { assertEquals, assertLess } from "@std/assert";
import { fitLine, type Point } from "./line.ts";

Deno.test("fitLine() finds the slope of a line, without error", () => {
  assertEquals(fitLine([[0, 1], [1, 3], [2, 5], [4, 9]]), { slope: 2, error: 0 });
});

Deno.test("fitLine() finds a slope of 0 in a flat line", () => {
  assertEquals(fitLine([[0, 7], [1, 7], [2, 7]]), { slope: 0, error: 0 });
});

Deno.test("fitLine() returns the error of a slope through scattered points", () => {
  const points: Point[] = [[0, 0], [1, 2], [2, 1], [3, 3]];
  const { slope, error } = fitLine(points);
  assertLess(Math.abs(slope - 0.8), 1e-12);
  // 1.8 / (4 - 2) over 5, the sum of the squared distances of x from its mean.
  assertLess(Math.abs(error - Math.sqrt(0.18)), 1e-12);
});
