/**
 * The bench: `deno task bench [scenario …] [--runs 3] [--servers hub,nchan] [--json] [--write]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command's output

import { Bench } from "./bench.ts";
import { medianRows } from "./median.ts";
import type { Row, Scenario, Target } from "./scenario.ts";
import { scenarios } from "./scenarios/mod.ts";
import { report, write } from "./report.ts";

/** A scenario with what came of it. */
export interface Result {
  /** The scenario. */
  readonly scenario: Scenario;
  /** Medians, a row for each server and case. */
  readonly rows: readonly Row[];
  /** What was to be reached. */
  readonly targets: readonly Target[];
}

const { names, runs, servers, isJson, isWriting } = readArguments(Deno.args);
const note = (text: string) => console.error(text);
const bench = new Bench((text) => note(`    ${text}`));
const results: Result[] = [];
for (const scenario of scenarios) {
  if (names.length === 0 || names.includes(scenario.name)) results.push(await run(scenario));
}
console.log(isJson ? JSON.stringify(results, null, 2) : report(results));
if (isWriting) await write(results, runs);

/** Runs a scenario: every server once, then every server again, so that noise meets all alike. */
async function run(scenario: Scenario): Promise<Result> {
  const rows: Row[] = [];
  const absent = new Set<string>();
  const turns = Math.min(runs, scenario.maxRuns ?? runs);
  for (let turn = 1; turn <= turns; turn++) {
    for (const server of scenario.servers) {
      if (absent.has(server) || (servers && !servers.includes(server))) continue;
      note(`${scenario.name} ${turn}/${turns}: ${server}`);
      try {
        rows.push(...await scenario.run(bench, server));
      } catch (error) {
        note(`    ${error}`);
        if (turn === 1) absent.add(server);
        rows.push({ server, remark: error instanceof Error ? error.message : `${error}` });
      }
    }
  }
  const medians = medianRows(rows);
  const find = (server: string, variant?: string) =>
    medians.find((row) => row.server === server && (!variant || row.variant === variant)) ??
      { server: "hub" as const, more: {} };
  const targets = scenario.targets?.(find).filter(({ value }) => Number.isFinite(value)) ?? [];
  return { scenario, rows: medians, targets };
}

function readArguments(args: readonly string[]) {
  const option = (name: string) => {
    const index = args.indexOf(`--${name}`);
    return index < 0 ? undefined : args[index + 1];
  };
  const runs = Number(option("runs") ?? 3);
  const servers = option("servers")?.split(",");
  const known = scenarios.map(({ name }) => name);
  const names = args.filter((arg, i) =>
    !arg.startsWith("--") && !["--runs", "--servers"].includes(args[i - 1] ?? "")
  );
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0 || !(runs >= 1)) {
    console.error(`Cannot run ${unknown.join(", ")}: there are ${known.join(", ")}`);
    Deno.exit(2);
  }
  return {
    names,
    runs,
    servers,
    isJson: args.includes("--json"),
    isWriting: args.includes("--write"),
  };
}
