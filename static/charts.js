/** Line charts of the time up to now, in SVG. A line has a break where points are missing. */

import { formatNumber } from "./format.js";

const MAX_POINTS = 1_000;

const HEIGHT = 168;
const EDGE = { top: 10, right: 8, bottom: 24, left: 40 };

/** A chart with its legend. It is drawn anew when a point is added or its width changes. */
export class Chart {
  #points = [];
  #series;
  #minStep;
  #svg;
  #time;
  #isDrawing = false;
  #minutes = 15;
  #stepMs = 1_000;
  /** Where the pointer is, in pixels from the left. */
  #pointer;

  /**
   * `figure` has an empty `svg`, and one `dd` for each of `series`, which shows the newest value.
   * `minStep` is the least distance between two lines of the grid.
   */
  constructor(figure, { series, minStep = 0 }) {
    this.#svg = figure.querySelector("svg");
    this.#series = series.map((name, i) => ({ name, value: figure.querySelectorAll("dd")[i] }));
    this.#minStep = minStep;
    this.#time = figure.querySelector(".moment");
    new ResizeObserver(() => this.#changed()).observe(this.#svg);
    this.#svg.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    this.#svg.addEventListener("pointerleave", () => this.#point(undefined));
  }

  /** Looks back this many minutes; points are `seconds` apart. Forgets all points. */
  setSpan(minutes, seconds) {
    this.#minutes = minutes;
    this.#stepMs = seconds * 1_000;
    this.clear();
  }

  get #spanMs() {
    return this.#minutes * 60_000;
  }

  /** Adds a point: a time, and one value for each series; a missing value is `null`. */
  add(time, values) {
    // Later points are from before the clock was set back; a point of the same time is replaced.
    while (this.#points.at(-1)?.time >= time) this.#points.pop();
    this.#points.push({ time, values });
    const first = this.#points.findIndex((point) => point.time > time - this.#spanMs);
    this.#points.splice(0, Math.max(first, this.#points.length - MAX_POINTS));
    this.#changed();
  }

  /** Forgets all points. */
  clear() {
    this.#points = [];
    this.#changed();
  }

  #point(x) {
    this.#pointer = x;
    this.#changed();
  }

  #changed() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#draw();
    });
  }

  #draw() {
    const width = this.#svg.clientWidth;
    if (width === 0) return;
    const end = this.#points.at(-1)?.time ?? 0;
    const ticks = ticksTo(this.#highest(), this.#minStep);
    const plot = { width: width - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
    const x = (time) => EDGE.left + plot.width * (1 - (end - time) / this.#spanMs);
    const y = (value) => EDGE.top + plot.height * (1 - value / ticks.at(-1));
    const shown = this.#nearest(x);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.#svg.replaceChildren(
      ...ticks.flatMap((tick) => horizontal(tick, y(tick), width)),
      ...[1, 2 / 3, 1 / 3, 0].map((share) =>
        timeLabel(share, this.#minutes, x(end - share * this.#spanMs))
      ),
      ...this.#series.flatMap((_, i) => lines(runs(this.#points, i, this.#stepMs * 3.5), i, x, y)),
      ...(this.#pointer === undefined || !shown ? [] : [vertical(x(shown.time))]),
    );
    this.#tell(shown);
  }

  /** The point under the pointer, or else the newest. */
  #nearest(x) {
    if (this.#pointer === undefined) return this.#points.at(-1);
    const distance = ({ time }) => Math.abs(x(time) - this.#pointer);
    return this.#points.reduce(
      (best, point) => distance(point) < distance(best) ? point : best,
      this.#points[0],
    );
  }

  /** Writes a point's values into the legend and into the description of the picture. */
  #tell(point) {
    const texts = this.#series.map(({ name, value }, i) => {
      value.textContent = formatNumber(point?.values[i]);
      return `${name} ${value.textContent}`;
    });
    const isPast = this.#pointer !== undefined && point;
    this.#time.textContent = isPast ? new Date(point.time).toLocaleTimeString() : "now";
    this.#svg.setAttribute(
      "aria-label",
      `The last ${spanText(this.#minutes)}; ${texts.join(", ")}`,
    );
  }

  #highest() {
    return Math.max(0, ...this.#points.flatMap(({ values }) => values));
  }
}

/**
 * Returns ticks from 0 to `highest` or above, in about four steps of 1, 2 or 5 times a power of ten.
 */
function ticksTo(highest, minStep) {
  const raw = Math.max(highest / 4, minStep, 0.001);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
  const count = Math.max(1, Math.ceil(highest / step - 0.001));
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** The lines of a series, and the areas below them. A single point is a dot. */
function lines(runs, i, x, y) {
  let line = "";
  let area = "";
  for (const run of runs) {
    const path = run.map(({ time, values }) => `${x(time).toFixed(1)} ${y(values[i]).toFixed(1)}`);
    const [from, to] = [x(run[0].time).toFixed(1), x(run.at(-1).time).toFixed(1)];
    line += `M${path.join("L")}${run.length === 1 ? "h0" : ""}`;
    area += `M${from} ${y(0)}L${path.join("L")}L${to} ${y(0)}Z`;
  }
  return [
    element("path", { class: `area series-${i + 1}`, d: area }),
    element("path", { class: `line series-${i + 1}`, d: line }),
  ];
}

/** Splits points where a value is missing, or points for longer than `gapMs`. */
function runs(points, i, gapMs) {
  const all = [];
  let last;
  for (const point of points) {
    const isMissing = typeof point.values[i] !== "number";
    if (!isMissing && last && point.time - last.time <= gapMs) all.at(-1).push(point);
    else if (!isMissing) all.push([point]);
    last = isMissing ? undefined : point;
  }
  return all;
}

function horizontal(value, y, width) {
  const line = { class: value === 0 ? "axis" : "grid", x1: EDGE.left, x2: width - EDGE.right };
  return [
    element("line", { ...line, y1: y, y2: y }),
    element("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, formatNumber(value)),
  ];
}

function vertical(x) {
  return element("line", {
    class: "pointer",
    x1: x,
    x2: x,
    y1: EDGE.top,
    y2: HEIGHT - EDGE.bottom,
  });
}

function timeLabel(share, minutes, x) {
  const text = share === 0 ? "now" : `−${spanText(Math.round(minutes * share))}`;
  const anchor = share === 0 ? "end" : share === 1 ? "start" : "middle";
  return element("text", { x, y: HEIGHT - 6, "text-anchor": anchor }, text);
}

function spanText(minutes) {
  return minutes < 120 ? `${minutes} min` : `${minutes / 60} h`;
}

function element(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}
