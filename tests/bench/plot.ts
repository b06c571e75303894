/**
 * Plots deliveries a second over subscribers, as an SVG whose axes are logarithmic.
 *
 * @module
 */

import type { Row } from "./scenario.ts";

/** Draws rows whose `variant` is the number of subscribers. */
export function plot(rows: readonly Row[]): string {
  const points = rows.filter(({ perSecond }) => perSecond! > 0);
  const x = axis(points.map(({ variant }) => Number(variant)), LEFT, WIDTH - RIGHT);
  const y = axis(points.map(({ perSecond }) => perSecond!), HEIGHT - BOTTOM, TOP);
  const servers = [...Map.groupBy(points, ({ server }) => server).entries()];
  const lines = servers.map(([server, rows], index) => {
    const places = rows.map((
      { variant, perSecond },
    ) => [x.place(Number(variant)), y.place(perSecond!)]);
    const [endX, endY] = places.at(-1)!;
    const color = COLORS[index % COLORS.length];
    return `<polyline points="${places.map((place) => place.map(short).join()).join(" ")}" ` +
      `fill="none" stroke="${color}" stroke-width="2.5"/>\n` +
      places.map(([cx, cy]) =>
        `<circle cx="${short(cx!)}" cy="${short(cy!)}" r="3.5" fill="${color}"/>`
      )
        .join("") +
      text(endX! + 9, endY! + 4, server, `fill="${color}"`);
  });
  const grid = [
    ...y.ticks.map((value) =>
      `<path d="M${LEFT} ${short(y.place(value))}H${WIDTH - RIGHT}" stroke="#8884"/>` +
      text(LEFT - 8, y.place(value) + 4, thousands(value), 'text-anchor="end"')
    ),
    ...[...new Set(points.map(({ variant }) => Number(variant)))].map((value) =>
      text(x.place(value), HEIGHT - BOTTOM + 20, thousands(value), 'text-anchor="middle"')
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" ` +
    `font-family="sans-serif" font-size="13" fill="#777">\n` +
    [
      text(LEFT, 18, "deliveries a second"),
      text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "subscribers", 'text-anchor="middle"'),
      ...grid,
      ...lines,
    ].join("\n") + "\n</svg>\n";
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 90;
const RIGHT = 110;
const TOP = 36;
const BOTTOM = 50;
const COLORS = ["#d6336c", "#1c7ed6", "#2f9e44", "#e8590c", "#7048e8"];

interface Axis {
  readonly ticks: readonly number[];
  readonly place: (value: number) => number;
}

function axis(values: readonly number[], from: number, to: number): Axis {
  const low = Math.min(...values);
  const high = Math.max(...values, low * 2);
  const span = Math.log(high / low);
  const decades = Array.from({ length: 10 }, (_, power) => 10 ** power);
  const ticks = decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]);
  return {
    ticks: ticks.filter((tick) => tick >= low && tick <= high),
    place: (value) => from + (to - from) * Math.log(value / low) / span,
  };
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${short(x)}" y="${short(y)}" ${attributes}>${content}</text>`;
}

function short(value: number): string {
  return value.toFixed(1);
}

function thousands(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, " ");
}
