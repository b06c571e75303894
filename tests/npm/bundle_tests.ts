/**
 * Bundles the tests for Node and Bun.
 *
 * @module
 */

import { bundle, ROOT } from "./bundle.ts";

const SHIM = `${ROOT}tests/npm/test_shim.ts`;
/** Folders and files whose tests are of other programs, or of what tests use. */
const LEFT_OUT = /^tests\/(?:(?:npm|browser|bench|operations)\/|code_blocks_test\.ts$)/;

/** Writes a program that runs all tests but those that only Deno can run. */
export async function bundleTests(outfile: string): Promise<void> {
  const files = (await testFiles("tests/")).filter((file) => !LEFT_OUT.test(file));
  const imports = files.map((file) => `await import(${JSON.stringify(ROOT + file)});`).join("\n");
  const program = `import process from "node:process";
import { runTests } from ${JSON.stringify(SHIM)};
process.on("unhandledRejection", (error) => {
  console.log("FAILED unhandled", error);
  process.exit(1);
});
${imports}
process.exit(await runTests() === 0 ? 0 : 1);`;
  await bundle({ program, shim: SHIM, outfile });
}

async function testFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(ROOT + folder)) {
    if (isDirectory) files.push(...await testFiles(`${folder}${name}/`));
    else if (name.endsWith("_test.ts")) files.push(folder + name);
  }
  return files.sort();
}
