/**
 * Node and Bun, and what else the tests here need from npm, installed once for a run.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pack } from "./pack.ts";

/** The packages, each at the version that is tested. */
const PACKAGES = [
  "node22@npm:node@22",
  "node24@npm:node@24",
  "bun@1.4",
  "typescript@6.0.3",
  "esbuild@0.28.2",
  "@types/node@22",
  "workerd@1",
];

/** The names of the runtimes, beside Deno. */
export const RUNTIMES = ["node22", "node24", "bun"] as const;

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

/** Installs everything; the first call takes half a minute. */
export function install(): Promise<Installed> {
  return installed ??= installAll();
}

async function installAll(): Promise<Installed> {
  const folder = await Deno.makeTempDir();
  const tarball = await pack(folder);
  await Deno.writeTextFile(`${folder}/package.json`, '{ "type": "module", "private": true }\n');
  // The programs come with install scripts of theirs.
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...PACKAGES];
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
