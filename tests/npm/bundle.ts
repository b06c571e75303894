/**
 * Bundles programs of `tests/` for Node and Bun.
 *
 * @module
 */

/** The root of the checkout. */
export const ROOT: string = new URL("../../", import.meta.url).pathname;
const ESBUILD: string = "npm:esbuild@0.28.2";

/** What to bundle. */
export interface BundleOptions {
  /** The program, in TypeScript. Its imports are absolute paths. */
  readonly program: string;
  /** The file whose export `Deno` the files of `tests/` get under this name; the library gets none. */
  readonly shim: string;
  /** Where the bundle is written. */
  readonly outfile: string;
}

/** Writes a bundle. */
export async function bundle({ program, shim, outfile }: BundleOptions): Promise<void> {
  const esbuild = await import(ESBUILD);
  try {
    await esbuild.build({
      stdin: { contents: program, resolveDir: ROOT, loader: "ts" },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node22",
      logLevel: "error",
      // The programs among the files are imported here, not run.
      define: { "import.meta.main": "false" },
      alias: { ...await entries(), "@std/assert": `${ROOT}tests/std_assert/mod.ts` },
      external: ["npm:*", "jsr:*"],
      plugins: [{ name: "deno", setup: (build: Build) => addShim(build, shim) }],
    });
  } finally {
    await esbuild.stop();
  }
}

/** The files of the library's entry points, by the names under which programs import them. */
async function entries(): Promise<Record<string, string>> {
  const { name, exports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const files = Object.entries<string>(exports).map(([entry, file]) =>
    [`${name}${entry.slice(1)}`, ROOT + file.slice(2)] as const
  );
  return Object.fromEntries(files.toReversed());
}

interface Build {
  onLoad(
    options: { filter: RegExp },
    load: (file: { path: string }) => Promise<{ contents: string; loader: string }>,
  ): void;
}

function addShim(build: Build, shim: string): void {
  build.onLoad({ filter: /\/tests\/.*\.ts$/ }, async ({ path }) => {
    const text = await Deno.readTextFile(path);
    const contents = path === shim || !/\bDeno\./.test(text)
      ? text
      : `import { Deno } from ${JSON.stringify(shim)};\n${text}`;
    return { contents, loader: "ts" };
  });
}
