/**
 * Whether the tests here can run at all.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- says what is missing

import { lacksNpm } from "../recipes.ts";

/** Whether nothing can be installed. */
export const isNpmMissing: boolean = await lacksNpm();
if (isNpmMissing) console.log("npm can't be reached: the tests on other runtimes are ignored");
