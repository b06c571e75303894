/**
 * The results as Markdown, which also reads well in a terminal.
 *
 * @module
 */

import type { Comparison, Spread } from "./compare.ts";
import type { Result } from "./main.ts";
import { plot } from "./plot.ts";
import type { Row, Target } from "./scenario.ts";

/** Writes the tables of all scenarios and of their targets. */
export function report(results: readonly Result[]): string {
  const tables = results.map(({ scenario, rows, comparisons }) => {
    const text = comparisons.length > 0
      ? table(COMPARISON_HEAD, comparisons.map(comparisonCells))
      : table(HEAD, rows.map((row) => cells(row, rows)));
    return `### ${scenario.name}\n\n${scenario.title}.\n\n${text}`;
  });
  const targets = results.flatMap(({ scenario, targets }) =>
    targets.map((target) => targetCells(scenario.name, target))
  );
  if (targets.length > 0) tables.push(`### Targets\n\n${table(TARGET_HEAD, targets)}`);
  return tables.join("\n");
}

/**
 * Writes the tables and their conditions to this folder's README.md, and draws the plot. The tables of
 * scenarios that did not run stay.
 */
export async function write(results: readonly Result[], runs: number): Promise<void> {
  const readme = new URL("README.md", import.meta.url);
  const [before, tables = ""] = (await Deno.readTextFile(readme)).split(MARK);
  const merged = mergeTables(tables, report(results), conditions(runs));
  await Deno.writeTextFile(readme, `${before}${MARK}\n\n${merged}`);
  const drawn = results.find(({ scenario }) => scenario.name === "subscribers");
  if (drawn) await Deno.writeTextFile(new URL("plot.svg", import.meta.url), plot(drawn.rows));
}

/** Puts new tables in place of older ones of the same scenarios, each with its conditions. */
export function mergeTables(older: string, newer: string, conditions: string): string {
  const sections = sectionsOf(older);
  const fresh = sectionsOf(newer);
  const [oldTargets = "", newTargets = ""] = [sections, fresh].map((all) => all.get(TARGETS));
  for (const [name, text] of fresh) sections.set(name, `${text}\n\n${conditions}`);
  sections.delete(TARGETS);
  const targets = [
    ...targetRows(oldTargets).filter(([name = ""]) => !fresh.has(name)),
    ...targetRows(newTargets),
  ];
  const parts = [...sections.values()];
  if (targets.length > 0) parts.push(`${TARGETS}\n\n${table(TARGET_HEAD, targets).trim()}`);
  return parts.map((part) => `### ${part}\n`).join("\n");
}

/** The text under each heading, by the heading. What stands before the first one holds for each. */
function sectionsOf(text: string): Map<string, string> {
  const [all = "", ...parts] = text.trim().split(/^### /m);
  return new Map(
    parts.map((part) => [/^\S+/.exec(part)![0], [part.trim(), all.trim()].join("\n\n").trim()]),
  );
}

/** The rows of a table in Markdown, without its head. */
function targetRows(text: string): string[][] {
  const rows = text.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

const TARGETS = "Targets";
const MARK = "<!-- results: what follows is written by `deno task bench --write` -->";

function conditions(runs: number): string {
  const { deno, v8 } = Deno.version;
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, Deno ${deno} (V8 ${v8}), ${Deno.build.os} ${Deno.build.arch}, ` +
    `${navigator.hardwareConcurrency} cores, median of ${runs}.`;
}

const HEAD = [
  "server",
  "per second",
  "CPU µs each",
  "÷ hub's",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "memory MB",
  "lost",
  "",
];
const COMPARISON_HEAD = ["server", "figure", "this checkout", "the other", "ratio", "worse"];
const TARGET_HEAD = ["scenario", "", "is", "must be", "met"];

function cells(row: Row, rows: readonly Row[]): string[] {
  const { server, variant, perSecond, cpuUs, p50Ms, p99Ms, p999Ms, rssBytes, lost } = row;
  const hub = rows.find((other) => other.server === "hub" && other.variant === variant);
  const more = Object.entries(row.more ?? {}).map(([name, value]) => `${figure(value)} ${name}`);
  return [
    variant ? `${server}, ${variant}` : server,
    figure(perSecond),
    figure(cpuUs),
    figure(cpuUs! / hub?.cpuUs!),
    figure(p50Ms),
    figure(p99Ms),
    figure(p999Ms),
    figure(rssBytes && rssBytes / 1e6),
    lost === undefined ? "–" : `${lost}`,
    [...more, row.remark ?? ""].filter(Boolean).join(", "),
  ];
}

function comparisonCells({ name, figure: of, here, there, ratio, isWorse }: Comparison): string[] {
  return [name, of, spreadText(here), spreadText(there), figure(ratio), isWorse ? "**yes**" : ""];
}

function spreadText({ least, median, most }: Spread): string {
  return `${figure(median)} (${figure(least)} to ${figure(most)})`;
}

function targetCells(name: string, { text, value, relation, limit }: Target): string[] {
  const isMet = relation === "≤" ? value <= limit : value >= limit;
  return [name, text, figure(value), `${relation} ${figure(limit)}`, isMet ? "yes" : "**no**"];
}

/** Formats a figure with three significant digits, and spaces between thousands. */
function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.floor(Math.log10(Math.abs(value) || 1));
  const text = size >= 3
    ? `${Math.round(value)}`
    : value.toFixed(Math.max(0, Math.min(2 - size, 2)));
  return text.replace(/\B(?=(\d{3})+$)/g, " ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length), 3));
  const line = (row: readonly string[]) =>
    `| ${
      row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join(
        " | ",
      )
    } |`;
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return `${[line(head), line(rule), ...rows.map(line)].join("\n")}\n`;
}
