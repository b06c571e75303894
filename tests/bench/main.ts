/**
 * The bench: `deno task bench [scenario …] [--runs 3] [--servers hub,nchan] [--against <folder>] [--json]
 * [--write]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command's output

import { type BenchArguments, readArguments } from "./arguments.ts";
import { Bench } from "./bench.ts";
import { compareRows, type Comparison } from "./compare.ts";
import { uninstall } from "./elsewhere.ts";
import { medianRows } from "./median.ts";
import { OURS, type Row, type Scenario, type ServerName, type Target } from "./scenario.ts";
import { scenarios } from "./scenarios/mod.ts";
import { report, write } from "./report.ts";

/** A scenario with its results. */
export interface Result {
  /** The scenario. */
  readonly scenario: Scenario;
  /** Medians, a row for each server and case. */
  readonly rows: readonly Row[];
  /** The targets, and what was reached. */
  readonly targets: readonly Target[];
  /** With `--against`, each figure beside that of the other checkout. */
  readonly comparisons: readonly Comparison[];
}

const args = readArguments(Deno.args, scenarios.map(({ name }) => name));
if (typeof args === "string") {
  console.error(args);
  Deno.exit(2);
}
const note = (text: string) => console.error(text);
const remark = (text: string) => note(`    ${text}`);
const here = new Bench(remark);
const there = args.against && new Bench(remark, new URL("tests/bench/", args.against));
const results: Result[] = [];
for (const scenario of scenarios) {
  if (args.names.length === 0 || args.names.includes(scenario.name)) {
    results.push(await run(scenario, args));
  }
}
console.log(args.isJson ? JSON.stringify(results, null, 2) : report(results));
await uninstall();
if (args.isWriting) await write(results, args.runs);

/** Runs a scenario: every server once, then every server again, so that noise hits all of them alike. */
async function run(scenario: Scenario, { runs, servers }: BenchArguments): Promise<Result> {
  const rows: Row[] = [];
  const otherRows: Row[] = [];
  const absent = new Set<ServerName>();
  const turns = there ? runs : Math.min(runs, scenario.maxRuns ?? runs);
  for (let turn = 1; turn <= turns; turn++) {
    for (const server of scenario.servers) {
      if (absent.has(server) || (servers && !servers.includes(server))) continue;
      const runHere = async () => {
        note(`${scenario.name} ${turn}/${turns}: ${server}`);
        rows.push(...await runOnce(scenario, here, server));
      };
      const runThere = async () => {
        if (!there || !OURS.includes(server)) return;
        note(`${scenario.name} ${turn}/${turns}: ${server} of the other checkout`);
        otherRows.push(...await runOnce(scenario, there, server));
      };
      // They take turns at being first: what the first leaves behind would always hit the second.
      const both = turn % 2 === 1 ? [runHere, runThere] : [runThere, runHere];
      for (const runOne of both) await runOne();
      if (turn === 1 && rows.at(-1)?.remark) absent.add(server);
    }
  }
  const medians = medianRows(rows);
  const find = (server: ServerName, variant?: string) =>
    medians.find((row) => row.server === server && (!variant || row.variant === variant)) ??
      { server: "hub" as const, more: {} };
  const targets = scenario.targets?.(find).filter(({ value }) => Number.isFinite(value)) ?? [];
  return { scenario, rows: medians, targets, comparisons: compareRows(rows, otherRows) };
}

/** The rows of one run, or the reason why there are none. */
async function runOnce(
  scenario: Scenario,
  bench: Bench,
  server: ServerName,
): Promise<readonly Row[]> {
  try {
    return await scenario.run(bench, server);
  } catch (error) {
    remark(`${error}`);
    return [{ server, remark: error instanceof Error ? error.message : `${error}` }];
  }
}
