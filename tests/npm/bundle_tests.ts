/**
 * Bundles the tests for Node and Bun.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url).pathname;
const SHIM = `${ROOT}tests/npm/test_shim.ts`;
const ESBUILD: string = "npm:esbuild@0.28.2";
/** Folders and files whose tests are of other programs, or of what tests use. */
const LEFT_OUT = /^tests\/(?:(?:npm|browser|bench|operations)\/|code_blocks_test\.ts$)/;

/** Writes a program that runs all tests but those that only Deno can run. */
export async function bundleTests(outfile: string): Promise<void> {
  const esbuild = await import(ESBUILD);
  const files = (await testFiles("tests/")).filter((file) => !LEFT_OUT.test(file));
  const imports = files.map((file) => `await import(${JSON.stringify(ROOT + file)});`).join("\n");
  const contents = `import process from "node:process";
import { runTests } from ${JSON.stringify(SHIM)};
process.on("unhandledRejection", (error) => { console.log("FAILED unhandled", error); process.exit(1); });
${imports}
process.exit(await runTests() === 0 ? 0 : 1);`;
  try {
    await esbuild.build({
      stdin: { contents, resolveDir: ROOT, loader: "ts" },
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node22",
      logLevel: "error",
      // The programs among the tests are imported here, not run.
      define: { "import.meta.main": "false" },
      alias: { ...await entries(), "@std/assert": `${ROOT}tests/std_assert/mod.ts` },
      external: ["npm:*", "jsr:*"],
      plugins: [{ name: "deno", setup: withShim }],
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

/** Gives the tests, and not the library, the shim under the name `Deno`. */
function withShim(build: Build): void {
  build.onLoad({ filter: /\/tests\/.*\.ts$/ }, async ({ path }) => {
    const text = await Deno.readTextFile(path);
    const contents = path === SHIM || !/\bDeno\./.test(text)
      ? text
      : `import { Deno } from ${JSON.stringify(SHIM)};\n${text}`;
    return { contents, loader: "ts" };
  });
}

async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (isDirectory) files.push(...await testFiles(`${folder}${name}/`));
    else if (name.endsWith("_test.ts")) files.push(folder + name);
  }
  return files.sort();
}
