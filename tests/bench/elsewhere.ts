/**
 * The hub of the bench on Node and Bun, which npm installs for the run.
 *
 * @module
 */

import { bundle, ROOT } from "../npm/bundle.ts";
import { install, type Runtime, RUNTIMES, uninstall } from "../npm/runtimes.ts";

/** A runtime that is not Deno. */
export type Elsewhere = Runtime;

/** Whether a name is that of another runtime. */
export function isElsewhere(name: string): name is Elsewhere {
  return (RUNTIMES as readonly string[]).includes(name);
}

/** The command that runs the hub on another runtime, or the whole server if `BENCH_SERVER` is `main`. */
export async function commandElsewhere(name: Elsewhere): Promise<readonly string[]> {
  const { folder, program } = await install();
  const outfile = `${folder}/bench.mjs`;
  const [hub, main] = ["hub", "main"].map((server) =>
    `await import(${JSON.stringify(`${ROOT}tests/bench/servers/${server}.ts`)});`
  );
  await (bundled ??= bundle({
    program: `if (process.env.BENCH_SERVER === "main") ${main} else ${hub}`,
    shim: `${ROOT}tests/bench/servers/deno_shim.ts`,
    outfile,
  }));
  return [program(name), name === "bun" ? "--no-install" : "--expose-gc", outfile];
}

let bundled: Promise<void> | undefined;

/** Removes what was installed. */
export { uninstall };
