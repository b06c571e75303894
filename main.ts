#!/usr/bin/env node
/**
 * The server as a process on Deno, Node and Bun: what `deno task start` and `npx sse-hub` run.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- for a runtime that collects the console's lines

import process from "node:process";
import type { Writable } from "node:stream";
import { bunCommands, denoCommands, nodeCommands } from "./lib/server/command_names.ts";
import type { LineWriter } from "./lib/server/line_queue.ts";
import { runServer } from "./lib/server/run_server.ts";
import type { Runtime } from "./lib/server/runtime.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

await runServer("Deno" in globalThis ? denoRuntime() : await nodeRuntime());

/** What is the same everywhere. */
function anyRuntime(): Pick<Runtime, "printToConsole" | "processStats"> {
  return {
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
  };
}

function denoRuntime(): Runtime {
  const isWindows = Deno.build.os === "windows";
  return {
    ...anyRuntime(),
    commands: denoCommands,
    args: Deno.args,
    readVariable: readDenoVariable,
    variableNames: denoVariableNames(),
    readFile: (path) => Deno.readTextFileSync(path),
    async negotiateProtocol(hostname, port) {
      const options = { hostname, port, alpnProtocols: ["h2", "http/1.1"] };
      using connection = await Deno.connectTls(options);
      const { alpnProtocol } = await connection.handshake();
      return alpnProtocol ?? undefined;
    },
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    isTerminal: Deno.stdout.isTerminal(),
    isWindows,
    addSignalListener(onSignal) {
      // Windows has neither SIGTERM nor SIGHUP.
      const signals = isWindows ? ["SIGINT"] as const : SIGNALS;
      for (const signal of signals) Deno.addSignalListener(signal, onSignal);
    },
    exit: (code) => Deno.exit(code),
    // DENO_SERVE_ADDRESS may replace the host and the port by another kind of address.
    serve: (options, fetch) => Deno.serve(options, fetch),
  };
}

/** Reads a variable. A name of a file that may not be read is not set: the option itself may be. */
function readDenoVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (name.endsWith("_FILE") && error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** The names of all variables; none if only some of them may be read. */
function denoVariableNames(): readonly string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch {
    // The options themselves can be read all the same.
    return [];
  }
}

/** The runtime of Node and Bun. Deno need not load the modules that are imported here. */
async function nodeRuntime(): Promise<Runtime> {
  const isBun = "Bun" in globalThis;
  const { readFileSync } = await import("node:fs");
  return {
    ...anyRuntime(),
    commands: isBun ? bunCommands : nodeCommands,
    args: process.argv.slice(2),
    readVariable: (name) => process.env[name],
    variableNames: Object.keys(process.env),
    readFile: (path) => readFileSync(path, "utf8"),
    async negotiateProtocol(host, port) {
      const { connect } = await import("node:tls");
      return await new Promise((resolve, reject) => {
        const options = { host, port, servername: host, ALPNProtocols: ["h2", "http/1.1"] };
        const socket = connect(options, () => {
          resolve(socket.alpnProtocol || undefined);
          socket.destroy();
        });
        socket.on("error", reject);
      });
    },
    stdout: writerTo(process.stdout),
    stderr: writerTo(process.stderr),
    isTerminal: process.stdout.isTTY === true,
    isWindows: process.platform === "win32",
    addSignalListener(onSignal) {
      for (const signal of SIGNALS) process.on(signal, onSignal);
    },
    exit: (code) => process.exit(code),
    serve: isBun
      ? (await import("./lib/server/listeners/serve_by_bun.ts")).serveByBun
      : (await import("./lib/server/listeners/serve_by_node.ts")).serveByNode,
  };
}

function writerTo(output: Writable): LineWriter {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        output.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
      }),
  };
}
