#!/usr/bin/env node
/**
 * The server as a process on Node and Bun: what `npx sse-hub` runs.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- for a runtime that collects the console's lines

import { readFileSync } from "node:fs";
import process from "node:process";
import type { Writable } from "node:stream";
import { connect } from "node:tls";
import type { LineWriter } from "../lib/server/line_queue.ts";
import { runServer } from "../lib/server/run_server.ts";
import { serveByBun } from "./bun_server.ts";
import { serveByNode } from "./node_server.ts";

await runServer({
  args: process.argv.slice(2),
  readVariable: (name) => process.env[name],
  variableNames: Object.keys(process.env),
  readFile: (path) => readFileSync(path, "utf8"),
  negotiateProtocol: (host, port) =>
    new Promise((resolve, reject) => {
      const options = { host, port, servername: host, ALPNProtocols: ["h2", "http/1.1"] };
      const socket = connect(options, () => {
        resolve(socket.alpnProtocol || undefined);
        socket.destroy();
      });
      socket.on("error", reject);
    }),
  stdout: writerTo(process.stdout),
  stderr: writerTo(process.stderr),
  isTerminal: process.stdout.isTTY === true,
  isWindows: process.platform === "win32",
  printToConsole: (line, isError) => isError ? console.error(line) : console.log(line),
  processStats() {
    const { rss, heapTotal } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      residentBytes: rss,
      heapBytes: heapTotal,
      cpuSeconds: (user + system) / 1_000_000,
      startedAtSeconds: performance.timeOrigin / 1_000,
    };
  },
  addSignalListener(onSignal) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  },
  exit: (code) => process.exit(code),
  serve: "Bun" in globalThis ? serveByBun : serveByNode,
});

function writerTo(output: Writable): LineWriter {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        output.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
      }),
  };
}
