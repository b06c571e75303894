/**
 * Every test of the npm package, on every runtime that npm has, and a worker in workerd: `deno task runtimes`. One file, so that
 * the runtimes are installed once.
 *
 * @module
 */

import "./listeners.ts";
import "./npx.ts";
import "./package.ts";
import { stopServers } from "./sockets.ts";
import "./suite.ts";
import "./workerd.ts";
import { uninstall } from "./runtimes.ts";

Deno.test.afterAll(async () => {
  await stopServers();
  await uninstall();
});
