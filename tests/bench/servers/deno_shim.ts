/**
 * What the servers of the bench use of `Deno`, on Node and Bun. They serve as the npm package does.
 *
 * @module
 */

import { writeSync } from "node:fs";
import process from "node:process";
import { Readable } from "node:stream";
import { serveByBun } from "../../../lib/server/listeners/serve_by_bun.ts";
import { serveByNode } from "../../../lib/server/listeners/serve_by_node.ts";
import type { Fetch, ServeOptions } from "../../../lib/server/runtime.ts";

const bun = (globalThis as { readonly Bun?: { gc(isForced: boolean): void } }).Bun;
// The bench asks the engine by this name of V8's.
if (bun) Object.assign(globalThis, { gc: () => bun.gc(true) });

const serve = "Bun" in globalThis ? serveByBun : serveByNode;

/** The name `Deno` of the servers. */
export const Deno = {
  stdin: { readable: Readable.toWeb(process.stdin) },
  stdout: { writeSync: (bytes: Uint8Array) => writeSync(1, bytes) },
  env: { get: (name: string) => process.env[name] },
  exit: (code: number) => process.exit(code),
  serve: (options: Pick<ServeOptions, "hostname" | "port" | "onListen">, fetch: Fetch) =>
    serve({ ...options, reusePort: false, onError: () => new Response(null) }, fetch),
};
