/**
 * The server as a process on Deno.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- for a runtime that collects the console's lines

import process from "node:process";
import type { ProcessStats } from "./lib/server/process_stats.ts";
import { runServer } from "./lib/server/run_server.ts";

await runServer({
  args: Deno.args,
  readVariable,
  variableNames: variableNames(),
  readFile: (path) => Deno.readTextFileSync(path),
  negotiateProtocol,
  stdout: Deno.stdout,
  stderr: Deno.stderr,
  isTerminal: Deno.stdout.isTerminal(),
  isWindows: Deno.build.os === "windows",
  printToConsole: (line, isError) => isError ? console.error(line) : console.log(line),
  processStats,
  addSignalListener(onSignal) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // Windows has neither SIGTERM nor SIGHUP.
      if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
      Deno.addSignalListener(signal, onSignal);
    }
  },
  exit: (code) => Deno.exit(code),
  // DENO_SERVE_ADDRESS may replace the host and the port by another kind of address.
  serve: (options, fetch) => Deno.serve(options, fetch),
});

/** Figures of this process, for metrics and the console. */
function processStats(): ProcessStats {
  const { rss, heapTotal } = Deno.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: rss,
    heapBytes: heapTotal,
    cpuSeconds: (user + system) / 1_000_000,
    startedAtSeconds: performance.timeOrigin / 1_000,
  };
}

/** Reads a variable. A name of a file that may not be read is not set: the option itself may be. */
function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (name.endsWith("_FILE") && error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** The names of all variables; none if only some of them may be read. */
function variableNames(): readonly string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch {
    // The options themselves can be read all the same.
    return [];
  }
}

/** Connects with TLS, and returns the protocol that the server chooses. */
async function negotiateProtocol(hostname: string, port: number): Promise<string | undefined> {
  using connection = await Deno.connectTls({ hostname, port, alpnProtocols: ["h2", "http/1.1"] });
  const { alpnProtocol } = await connection.handshake();
  return alpnProtocol ?? undefined;
}
