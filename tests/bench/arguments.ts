/**
 * The command line of the bench.
 *
 * @module
 */

import { OURS } from "./scenario.ts";

/** A command line, read. */
export interface BenchArguments {
  /** The scenarios to run; empty for all of them. */
  readonly names: readonly string[];
  /** How often each runs. */
  readonly runs: number;
  /** The servers to run; left out for all of a scenario's servers. */
  readonly servers: readonly string[] | undefined;
  /** The folder of another checkout, to be compared with this one. */
  readonly against: URL | undefined;
  /** Whether the results are printed as JSON. */
  readonly isJson: boolean;
  /** Whether the results are written to the README. */
  readonly isWriting: boolean;
}

/** Reads the command line. Returns a text where it is wrong. */
export function readArguments(
  args: readonly string[],
  known: readonly string[],
): BenchArguments | string {
  const values = new Map<string, string>();
  const names: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const [, option] = /^--(.+)$/.exec(args[i]!) ?? [];
    if (option === undefined) names.push(args[i]!);
    else if (FLAGS.includes(option)) values.set(option, "");
    else if (!OPTIONS.includes(option)) return `Cannot run the bench: there is no --${option}`;
    else if (args[i + 1] === undefined) return `Cannot run the bench: --${option} has no value`;
    else values.set(option, args[++i]!);
  }
  const unknown = names.filter((name) => scenariosOf(name, known).length === 0);
  if (unknown.length > 0) {
    return `Cannot run ${unknown.join(", ")}: the scenarios are ${known.join(", ")}`;
  }
  const folder = values.get("against");
  if (folder !== undefined && !isCheckout(folder)) {
    return `Cannot compare with ${folder}: it is not the folder of a checkout of this project`;
  }
  const runs = Number(values.get("runs") ?? (folder ? 5 : 3));
  if (!(runs >= 1)) return `Cannot run the bench: --runs is "${values.get("runs")}"`;
  return {
    names: names.flatMap((name) => scenariosOf(name, known)),
    runs,
    servers: values.get("servers")?.split(",") ?? (folder ? OURS : undefined),
    against: folder === undefined ? undefined : folderUrl(folder),
    isJson: values.has("json"),
    isWriting: values.has("write"),
  };
}

/** The scenario of a name, or those of a group: `runtimes` is `runtimes-paced`, `runtimes-burst` and so on. */
function scenariosOf(name: string, known: readonly string[]): readonly string[] {
  return known.filter((scenario) => scenario === name || scenario.startsWith(`${name}-`));
}

function folderUrl(folder: string): URL {
  return new URL(`${folder.replace(/\/+$/, "")}/`, `file://${Deno.cwd()}/`);
}

function isCheckout(folder: string): boolean {
  try {
    return Deno.statSync(new URL("tests/bench/servers/hub.ts", folderUrl(folder))).isFile;
  } catch {
    // There is no such file.
    return false;
  }
}

const OPTIONS = ["runs", "servers", "against"];
const FLAGS = ["json", "write"];
