/**
 * The server as a process: its environment, its socket, its signals and what it prints.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- the one file that prints

import process from "node:process";
import { type App, type Config, ConfigError, createApp, CutConnection } from "./lib/server/app.ts";
import { bannerLines, listeningLine, stoppingLine } from "./lib/server/banner.ts";
import { type Environment, runCommand } from "./lib/server/command_line.ts";
import type { CommandOutput } from "./lib/server/command_output.ts";
import { LineQueue, type LineWriter } from "./lib/server/line_queue.ts";
import { type ListenAddress, showAddress } from "./lib/server/listen_address.ts";
import { describeListenError } from "./lib/server/listen_error.ts";
import { findMisspelled } from "./lib/server/misspelled.ts";
import { hasPublisher } from "./lib/server/config.ts";
import type { ProcessStats } from "./lib/server/process_stats.ts";
import { checkConfig } from "./lib/server/read_config.ts";
import { readSecretFiles } from "./lib/server/secret_files.ts";
import { createLog, type Log, printable } from "./lib/server/request_log.ts";

/** How long listening waits for the event log, so that the first clients need not reconnect. */
const LOG_WAIT_MS = 3_000;
/**
 * How long after the first signal another one is taken for the same request to stop. Ctrl-C reaches
 * every process of a terminal, and `deno task` forwards its own signal: the server gets both within
 * milliseconds.
 */
const SAME_SIGNAL_MS = 1_000;
/** How long printing the last lines may take. */
const FLUSH_MS = 500;

const isJson = Deno.env.get("LOG_FORMAT") === "json";
/** Whether a person reads standard output, and nothing collects it. */
const isTerminal = Deno.stdout.isTerminal() && !isConsoleCollected();
const stdout = openOutput(Deno.stdout, (line) => console.log(line));
const stderr = openOutput(Deno.stderr, (line) => console.error(line));
const { get, errors: fileErrors } = readSecretFiles(
  readVariable,
  (path) => Deno.readTextFileSync(path),
);
const environment: Environment = { get, names: variableNames(), fileErrors, negotiateProtocol };
const output = await runCommand(Deno.args, environment);
if (output !== undefined) await finish(output);
const { config, isTokenNew } = await readEnvironment();
for (const warning of config.warnings) stderr.say(warning);
const app = createApp(config, {
  print: stdout.print,
  droppedLines: () => stdout.queue.dropped + stderr.queue.dropped,
  processStats,
});
let server: Deno.HttpServer | undefined;
let stoppingSinceMs: number | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // Windows has neither SIGTERM nor SIGHUP.
  if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
  Deno.addSignalListener(signal, onSignal);
}
const opened = app.hub.ready.catch((error) => {
  const what = config.eventLog === "kv" ? `the event log at ${config.kvPath}` : "the event log";
  return fail(`Cannot open ${what}: ${error}`, 1);
});
await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, LOG_WAIT_MS))]);
await serve(app, config);

/** Standard output or standard error. */
interface Output {
  readonly queue: LineQueue;
  /** Prints a line unchanged. */
  readonly print: (line: string) => void;
  /** Prints a text for a person to read, in the form that `LOG_FORMAT` selects. */
  readonly say: Log;
}

/**
 * Opens standard output or error, so that printing never blocks the process.
 *
 * On a pipe that nobody reads, `console.log()` and `writeSync()` block; and while an asynchronous
 * `write()` waits, the console blocks too. So nothing else in this process may print.
 */
function openOutput(writer: LineWriter, printToConsole: (line: string) => void): Output {
  const onDropped = (lines: number) => log("log lines dropped", { lines });
  const queue = new LineQueue(writer, { onDropped });
  const print = isConsoleCollected() ? printToConsole : (line: string) => queue.print(line);
  const log = createLog(isJson ? "json" : "text", print);
  return { queue, print, say: isJson ? log : (text) => print(printable(text)) };
}

/** Whether the runtime collects the console's lines itself, and writes them to no output. */
function isConsoleCollected(): boolean {
  const isExported = Deno.env.get("OTEL_DENO") === "true" &&
    Deno.env.get("OTEL_DENO_CONSOLE") === "replace";
  return isExported || Deno.env.get("DENO_DEPLOYMENT_ID") !== undefined;
}

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

/** Prints what a command has to say, and ends the process. */
async function finish({ stdout: lines = [], stderr: errors = [], code }: CommandOutput) {
  for (const line of lines) stdout.print(line);
  for (const line of errors) stderr.print(line);
  await exit(code);
}

/** The configuration, and whether its token was made for this run. */
interface Started {
  readonly config: Config;
  readonly isTokenNew: boolean;
}

async function readEnvironment(): Promise<Started> {
  const { names } = environment;
  for (const warning of findMisspelled(names, get)) stderr.say(warning);
  try {
    const config = await checkConfig(get, fileErrors);
    if (hasPublisher(config) || !isTerminal) return { config, isTokenNew: false };
    // At a terminal somebody may want to publish: make a token for this run.
    return { config: { ...config, publishToken: crypto.randomUUID() }, isTokenNew: true };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await fail(error.message, 2);
  }
}

/** Prints where the server listens; the first time also how to use it. */
function announce(listenAddress: ListenAddress, isFirst: boolean): void {
  const address = showAddress(listenAddress, config.tlsCert === undefined ? "http" : "https");
  if (!isFirst) return stdout.say(listeningLine(address));
  const lines = bannerLines({
    config,
    address,
    isTerminal,
    isTokenNew,
    isWindows: Deno.build.os === "windows",
    createLoginCode: app.createLoginCode,
  });
  for (const line of lines) stdout.say(line);
}

/** Listens, and listens again whenever the listener dies, as when file descriptors run out. */
async function serve({ fetch }: App, config: Config): Promise<void> {
  const listener = { hasListened: false, port: config.port };
  while (stoppingSinceMs === undefined) {
    try {
      server = Deno.serve({ ...listenOptions(config, listener), onError: answerError }, fetch);
      await server.finished;
    } catch (error) {
      if (!listener.hasListened) await failToListen(error, config);
      stderr.say(`The listener failed, and is started again: ${error}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** The state of the listener. */
interface Listener {
  hasListened: boolean;
  /** The port; with `PORT=0` the port of the first listener, once it listens. */
  port: number;
}

function listenOptions({ host, reusePort, tlsCert, tlsKey }: Config, listener: Listener) {
  const tls = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : {};
  return {
    hostname: host,
    port: listener.port,
    reusePort,
    ...tls,
    // DENO_SERVE_ADDRESS may replace the host and the port by another kind of address.
    onListen(address: ListenAddress) {
      listener.port = address.port ?? listener.port;
      announce(address, !listener.hasListened);
      listener.hasListened = true;
    },
  };
}

// Without this callback the runtime prints the error itself, on a console that may block.
function answerError(error: unknown): Response {
  if (!(error instanceof CutConnection)) stderr.say(`Cannot answer: ${error}`);
  return new Response(null, { status: 500 });
}

function failToListen(error: unknown, config: Config): Promise<never> {
  const address = Deno.env.get("DENO_SERVE_ADDRESS");
  return fail(describeListenError(error, { ...config, address }), 1);
}

/** Stops at the first signal. A second signal, after `SAME_SIGNAL_MS`, ends the process at once. */
function onSignal(): void {
  const nowMs = performance.now();
  if (stoppingSinceMs === undefined) {
    stoppingSinceMs = nowMs;
    stop();
  } else if (nowMs - stoppingSinceMs >= SAME_SIGNAL_MS) {
    Deno.exit(1);
  }
}

/** Ends every connection within `DRAIN_SECONDS`, then the process. */
async function stop(): Promise<void> {
  const drainMs = config.drainSeconds * 1_000;
  stdout.say(stoppingLine(app.connections(), config.drainSeconds, isTerminal));
  // A client that reads nothing keeps its socket, and shutdown() would wait for it for ever.
  setTimeout(() => exit(0), drainMs);
  try {
    // Other processes listen on the same port: from now on new clients reach those.
    if (config.reusePort) server?.shutdown();
    await app.drain(drainMs * 0.8);
    await app.close();
    await server?.shutdown();
  } catch (error) {
    await fail(`Cannot stop cleanly: ${error}`, 1);
  }
  await exit(0);
}

/** Prints each line of a text to standard error, and ends the process. */
function fail(text: string, code: number): Promise<never> {
  for (const line of text.split("\n")) stderr.say(line);
  return exit(code);
}

/** Ends the process once all lines are printed, at the latest after `FLUSH_MS`. */
async function exit(code: number): Promise<never> {
  await Promise.all([stdout, stderr].map(({ queue }) => queue.flush(FLUSH_MS)));
  return Deno.exit(code);
}
