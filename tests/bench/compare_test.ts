import { assertEquals } from "@std/assert";
import { compareRows } from "./compare.ts";

const row = (cpuUs: number) => ({ server: "hub" as const, cpuUs });

Deno.test("compareRows() gives each figure's median, its lowest and highest value, and the ratio", () => {
  const here = [9, 10, 14].map(row);
  const there = [20, 19, 22].map(row);
  assertEquals(compareRows(here, there), [{
    name: "hub",
    figure: "CPU µs each",
    here: { least: 9, median: 10, most: 14 },
    there: { least: 19, median: 20, most: 22 },
    ratio: 0.5,
    isWorse: false,
  }]);
});

Deno.test("compareRows() calls a figure worse only beyond 5 % and beyond the spread", () => {
  const table = [
    { here: [10.6, 10.7], there: [10, 10.1], isWorse: true },
    { here: [10.4, 10.5], there: [10, 10.1], isWorse: false }, // by less than 5 %
    { here: [10.6, 10.7], there: [10, 10.6], isWorse: false }, // one run is as good
    { here: [10, 10.1], there: [10.6, 10.7], isWorse: false },
  ];
  for (const { here, there, isWorse } of table) {
    assertEquals(compareRows(here.map(row), there.map(row))[0]?.isWorse, isWorse);
  }
});

Deno.test("compareRows() takes a lower rate for the worse one", () => {
  const rows = (perSecond: number) => [{ server: "hub" as const, perSecond }];
  assertEquals(compareRows(rows(90), rows(100))[0]?.isWorse, true);
  assertEquals(compareRows(rows(100), rows(90))[0]?.isWorse, false);
});

Deno.test("compareRows() keeps cases apart and leaves out what only one checkout has", () => {
  const cases = (...variants: string[]) =>
    variants.map((variant) => ({
      server: "hub" as const,
      variant,
      lost: 0,
      more: { "kB each": 1 },
    }));
  const names = compareRows(cases("a", "b"), cases("b", "c")).map((
    { name, figure },
  ) => [name, figure]);
  assertEquals(names, [["hub, b", "lost"], ["hub, b", "kB each"]]);
});
