/**
 * Whether the tests here can run at all.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- says what is missing

import { lacksNpm } from "../recipes.ts";
import { availableRuntimes, type Runtime, RUNTIMES } from "./runtimes.ts";

/** Whether nothing can be installed. */
export const isNpmMissing: boolean = await lacksNpm();
if (isNpmMissing) console.log("npm can't be reached: the tests on other runtimes are ignored");

/** The runtimes, beside Deno, on which the tests run; all of them if nothing can be installed. */
export const testedRuntimes: readonly Runtime[] = isNpmMissing
  ? RUNTIMES
  : await availableRuntimes();
for (const name of RUNTIMES) {
  if (!testedRuntimes.includes(name)) console.log(`npm has no ${name}: its tests are left out`);
}
