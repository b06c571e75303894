/**
 * Node and Bun, and what else the tests here need from npm, installed once for a run.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pack } from "./pack.ts";

/** The packages of the runtimes, each at the version that is tested. */
const RUNTIME_PACKAGES = { node22: "node@22", node24: "node@24", bun: "bun@1.4" };
/** The other packages. */
const PACKAGES = [
  "typescript@6.0.3",
  "esbuild@0.28.2",
  "@types/node@22",
  "workerd@1",
];

/** The names of the runtimes, beside Deno. */
export const RUNTIMES = ["node22", "node24", "bun"] as const;

/** A runtime, beside Deno. */
export type Runtime = (typeof RUNTIMES)[number];

/** What was installed. */
export interface Installed {
  /** The folder. Its package is an application with `@sse/hub`. */
  readonly folder: string;
  /** The tarball of `@sse/hub`. */
  readonly tarball: string;
  /** The path of a program. */
  readonly program: (name: string) => string;
}

let installed: Promise<Installed> | undefined;

let available: Promise<readonly Runtime[]> | undefined;

/** The runtimes that npm has for this machine. */
export function availableRuntimes(): Promise<readonly Runtime[]> {
  return available ??= findRuntimes();
}

async function findRuntimes(): Promise<readonly Runtime[]> {
  const found = await Promise.all(RUNTIMES.map(async (name) => {
    const args = ["view", RUNTIME_PACKAGES[name], "version", "--prefer-offline"];
    const { success, stdout } = await new Deno.Command("npm", { args }).output();
    // npm prints nothing for a version that it does not have.
    return success && stdout.length > 0 ? [name] : [];
  }));
  return found.flat();
}

/** Installs everything; the first call takes half a minute. */
export function install(): Promise<Installed> {
  return installed ??= installAll();
}

async function installAll(): Promise<Installed> {
  const folder = await Deno.makeTempDir();
  const tarball = await pack(folder);
  await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module", "private": true }\n');
  // The programs come with install scripts of theirs.
  const runtimes = (await availableRuntimes())
    .map((name) => name === "bun" ? RUNTIME_PACKAGES.bun : `${name}@npm:${RUNTIME_PACKAGES[name]}`);
  const packages = [tarball, ...runtimes, ...PACKAGES];
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages];
  const { success, stderr } = await new Deno.Command("npm", { args, cwd: folder }).output();
  assert(success, new TextDecoder().decode(stderr));
  const modules = `${folder}/node_modules`;
  return {
    folder,
    tarball,
    program: (name) =>
      name.startsWith("node") ? `${modules}/${name}/bin/node` : `${modules}/.bin/${name}`,
  };
}

/** Removes what was installed. */
export async function uninstall(): Promise<void> {
  if (installed) await Deno.remove((await installed).folder, { recursive: true });
}
