import { assertEquals } from "@std/assert";
import { Histogram, quantile } from "../../lib/wire/histogram.ts";

Deno.test("Histogram.observe() counts a value in the first bucket whose bound it does not exceed", () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0, 1, 1.5, 10, 11]) histogram.observe(value);
  assertEquals(histogram.counts(), { bounds: [1, 10], counts: [2, 2, 1], sum: 23.5 });
});

Deno.test("quantile() of the values between two moments assumes that they are spread evenly over a bucket", () => {
  const histogram = new Histogram([1, 2, 4]);
  histogram.observe(0.5);
  const before = histogram.counts();
  for (const value of [1.1, 1.2, 3, 3]) histogram.observe(value);
  const after = histogram.counts();
  assertEquals([0.25, 0.5, 0.75, 1].map((share) => quantile(before, after, share)), [1.5, 2, 3, 4]);
  assertEquals(quantile(undefined, before, 0.5), 0.5);
});

Deno.test("quantile() is undefined without values, and the last bound for values beyond it", () => {
  const histogram = new Histogram([1]);
  assertEquals(quantile(undefined, histogram.counts(), 0.5), undefined);
  histogram.observe(50);
  assertEquals(quantile(undefined, histogram.counts(), 0.99), 1);
});
