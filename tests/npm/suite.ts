/**
 * Runs the project's own tests on Node and Bun: all that need no files, sockets and programs of Deno.
 *
 * @module
 */

import { assert, assertLess } from "@std/assert";
import { bundleTests } from "./bundle_tests.ts";
import { isNpmMissing, testedRuntimes } from "./npm_missing.ts";
import { install } from "./runtimes.ts";

/** The outcome on each runtime. All run at the same time, since they wait more than they work. */
let outcomes: Promise<Map<string, string>> | undefined;

async function runAll(): Promise<Map<string, string>> {
  const { folder, program } = await install();
  const file = `${folder}/tests.mjs`;
  await bundleTests(file);
  const runs = testedRuntimes.map(async (name) => {
    // Bun would look for missing packages in the registry.
    const args = [...name === "bun" ? ["--no-install"] : ["--no-warnings"], file];
    const { stdout, stderr } = await new Deno.Command(program(name), { args, cwd: folder })
      .output();
    const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    return [name, text] as const;
  });
  return new Map(await Promise.all(runs));
}

for (const name of testedRuntimes) {
  Deno.test({
    name: `the tests that need only Request, Response and streams pass on ${name}`,
    ignore: isNpmMissing,
    async fn() {
      const text = (await (outcomes ??= runAll())).get(name)!;
      const [, passed = "0", failed] = /^(\d+) passed, (\d+) failed, \d+ ignored$/m.exec(text) ??
        [];
      assert(failed === "0", text);
      assertLess(1_200, Number(passed));
    },
  });
}
