/**
 * The text format of Prometheus.
 *
 * @see {@link https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format}
 *
 * @module
 */

import type { HistogramCounts } from "../wire/histogram.ts";

/** Writes a family of samples; `samples` maps labels to values. */
export function family(
  name: string,
  type: "counter" | "gauge",
  help: string,
  samples: Readonly<Record<string, number>>,
): string {
  const lines = Object.entries(samples).map(([labels, value]) =>
    `${name}${labels && `{${labels}}`} ${value}\n`
  );
  return head(name, type, help) + lines.join("");
}

/** Writes figures by a label: the name of each, in snake case, is the label's value. */
export function byLabel(
  label: string,
  values: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${label}="${snakeCase(name)}"`, value]),
  );
}

/** Writes a histogram. Its bounds and its sum are divided by `unit`. */
export function histogram(
  name: string,
  help: string,
  { bounds, counts, sum }: HistogramCounts,
  unit: number,
): string {
  let total = 0;
  const lines = counts.map((count, i) => {
    total += count;
    const bound = i < bounds.length ? bounds[i]! / unit : "+Inf";
    return `${name}_bucket{le="${bound}"} ${total}\n`;
  });
  const end = `${name}_sum ${sum / unit}\n${name}_count ${total}\n`;
  return head(name, "histogram", help) + lines.join("") + end;
}

function head(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
