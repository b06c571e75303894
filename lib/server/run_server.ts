/**
 * The server as a process, on any runtime: its arguments, its listener, its signals and what it prints.
 *
 * @module
 */

import { type App, createApp } from "./app.ts";
import { bannerLines, listeningLine, stoppingLine } from "./banner.ts";
import { type Environment, runCommand } from "./command_line.ts";
import type { CommandOutput } from "./command_output.ts";
import { type Config, ConfigError, hasPublisher } from "./config.ts";
import { CutConnection } from "../wire/ending.ts";
import { LineQueue, type LineWriter } from "./line_queue.ts";
import { type ListenAddress, showAddress } from "./listen_address.ts";
import { describeListenError } from "./listen_error.ts";
import { findMisspelled } from "./misspelled.ts";
import { checkConfig } from "./read_config.ts";
import { readSecretFiles } from "./secret_files.ts";
import { createLog, type Log, printable } from "./request_log.ts";
import type { Runtime, RuntimeServer, ServeOptions } from "./runtime.ts";

/**
 * Runs what the arguments ask for; without arguments the server, until a signal stops it. Ends the
 * process.
 */
export async function runServer(runtime: Runtime): Promise<void> {
  await new Process(runtime).run();
}

/** A process with a server. */
class Process {
  readonly #runtime: Runtime;
  /** Whether the runtime collects the console's lines itself, and writes them to no output. */
  readonly #isConsoleCollected: boolean;
  /** Whether a person reads standard output, and nothing collects it. */
  readonly #isTerminal: boolean;
  readonly #isJson: boolean;
  readonly #environment: Required<Environment>;
  readonly #stdout: Output;
  readonly #stderr: Output;
  #server: RuntimeServer | undefined;
  #stoppingSinceMs: number | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    const { get, errors } = readSecretFiles(runtime.readVariable, runtime.readFile);
    const { variableNames: names, negotiateProtocol, commands } = runtime;
    this.#environment = { get, names, fileErrors: errors, negotiateProtocol, commands };
    const isExported = get("OTEL_DENO") === "true" && get("OTEL_DENO_CONSOLE") === "replace";
    this.#isConsoleCollected = isExported || get("DENO_DEPLOYMENT_ID") !== undefined;
    this.#isTerminal = runtime.isTerminal && !this.#isConsoleCollected;
    this.#isJson = get("LOG_FORMAT") === "json";
    this.#stdout = this.#openOutput(runtime.stdout, false);
    this.#stderr = this.#openOutput(runtime.stderr, true);
  }

  async run(): Promise<void> {
    const output = await runCommand(this.#runtime.args, this.#environment);
    if (output !== undefined) await this.#finish(output);
    const { config, isTokenNew } = await this.#readEnvironment();
    for (const warning of config.warnings) this.#stderr.say(warning);
    const app = await this.#createApp(config);
    this.#runtime.addSignalListener(() => this.#onSignal(app, config));
    const opened = app.hub.ready.catch((error) => {
      const what = { kv: ` at ${config.kvPath}`, sqlite: ` at ${config.sqlitePath}` };
      const where = what[config.eventLog as keyof typeof what] ?? "";
      return this.#fail(`Cannot open the event log${where}: ${error}`, 1);
    });
    await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, LOG_WAIT_MS))]);
    await this.#serve(app, config, isTokenNew);
  }

  /**
   * Opens standard output or error, so that printing never blocks the process.
   *
   * On a pipe that nobody reads, `console.log()` and a synchronous write block; and while an asynchronous
   * write waits, the console blocks too. So nothing else in this process may print.
   */
  #openOutput(writer: LineWriter, isError: boolean): Output {
    const onDropped = (lines: number) => log("log lines dropped", { lines });
    const queue = new LineQueue(writer, { onDropped });
    const print = this.#isConsoleCollected
      ? (line: string) => this.#runtime.printToConsole(line, isError)
      : (line: string) => queue.print(line);
    const log = createLog(this.#isJson ? "json" : "text", print);
    return { queue, print, say: this.#isJson ? log : (text) => print(printable(text)) };
  }

  /** Prints what a command has to say, and ends the process. */
  async #finish({ stdout = [], stderr = [], code }: CommandOutput) {
    for (const line of stdout) this.#stdout.print(line);
    for (const line of stderr) this.#stderr.print(line);
    await this.#exit(code);
  }

  async #readEnvironment(): Promise<Started> {
    const { get, names, fileErrors } = this.#environment;
    for (const warning of findMisspelled(names, get)) this.#stderr.say(warning);
    try {
      const config = await checkConfig(get, fileErrors);
      if (hasPublisher(config) || !this.#isTerminal) return { config, isTokenNew: false };
      // At a terminal somebody may want to publish: make a token for this run.
      return { config: { ...config, publishToken: crypto.randomUUID() }, isTokenNew: true };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return await this.#fail(error.message, 2);
    }
  }

  async #createApp(config: Config): Promise<App> {
    try {
      return createApp(config, {
        print: this.#stdout.print,
        droppedLines: () => this.#stdout.queue.dropped + this.#stderr.queue.dropped,
        processStats: this.#runtime.processStats,
      });
    } catch (error) {
      // The runtime lacks what the configuration asks for, such as Deno KV.
      if (!(error instanceof TypeError)) throw error;
      return await this.#fail(error.message, 1);
    }
  }

  /** Listens, and listens again whenever the listener dies, as when file descriptors run out. */
  async #serve(app: App, config: Config, isTokenNew: boolean): Promise<void> {
    const listener = { hasListened: false, port: config.port };
    const onListen = (address: ListenAddress) => {
      listener.port = address.port ?? listener.port;
      this.#announce(address, { app, config, isTokenNew, isFirst: !listener.hasListened });
      listener.hasListened = true;
    };
    while (this.#stoppingSinceMs === undefined) {
      try {
        const options = { ...this.#listenOptions(config), port: listener.port, onListen };
        this.#server = this.#runtime.serve(options, app.fetch);
        await this.#server.finished;
      } catch (error) {
        if (!listener.hasListened) await this.#failToListen(error, config);
        this.#stderr.say(`The listener failed, and is started again: ${error}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }

  #listenOptions({ host, reusePort, tlsCert, tlsKey }: Config): Omit<ServeOptions, "onListen"> {
    const tls = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : {};
    return {
      hostname: host,
      port: 0,
      reusePort,
      ...tls,
      // Without this callback Deno prints the error itself, on a console that may block.
      onError: (error) => {
        if (!(error instanceof CutConnection)) this.#stderr.say(`Cannot answer: ${error}`);
        return new Response(null, { status: 500 });
      },
    };
  }

  /** Prints where the server listens; the first time also how to use it. */
  #announce(listenAddress: ListenAddress, { app, config, isTokenNew, isFirst }: Announced): void {
    const address = showAddress(listenAddress, config.tlsCert === undefined ? "http" : "https");
    if (!isFirst) return this.#stdout.say(listeningLine(address));
    const lines = bannerLines({
      config,
      address,
      isTerminal: this.#isTerminal,
      isTokenNew,
      isWindows: this.#runtime.isWindows,
      commands: this.#runtime.commands,
      createLoginCode: app.createLoginCode,
    });
    for (const line of lines) this.#stdout.say(line);
  }

  #failToListen(error: unknown, config: Config): Promise<never> {
    // It replaces the host and the port by another kind of address, on Deno.
    const address = this.#environment.get("DENO_SERVE_ADDRESS");
    return this.#fail(describeListenError(error, { ...config, address }), 1);
  }

  /** Stops at the first signal. A second signal, after `SAME_SIGNAL_MS`, ends the process at once. */
  #onSignal(app: App, config: Config): void {
    const nowMs = performance.now();
    if (this.#stoppingSinceMs === undefined) {
      this.#stoppingSinceMs = nowMs;
      this.#stop(app, config);
    } else if (nowMs - this.#stoppingSinceMs >= SAME_SIGNAL_MS) {
      this.#runtime.exit(1);
    }
  }

  /** Ends every connection within `DRAIN_SECONDS`, then the process. */
  async #stop(app: App, { drainSeconds, reusePort }: Config): Promise<void> {
    const drainMs = drainSeconds * 1_000;
    this.#stdout.say(stoppingLine(app.connections(), drainSeconds, this.#isTerminal));
    // A client that reads nothing keeps its socket, and shutdown() would wait for it for ever.
    setTimeout(() => this.#exit(0), drainMs);
    try {
      // Other processes listen on the same port: from now on new clients reach those.
      if (reusePort) this.#server?.shutdown();
      await app.drain(drainMs * 0.8);
      await app.close();
      await this.#server?.shutdown();
    } catch (error) {
      await this.#fail(`Cannot stop cleanly: ${error}`, 1);
    }
    await this.#exit(0);
  }

  /** Prints each line of a text to standard error, and ends the process. */
  #fail(text: string, code: number): Promise<never> {
    for (const line of text.split("\n")) this.#stderr.say(line);
    return this.#exit(code);
  }

  /** Ends the process once all lines are printed, at the latest after `FLUSH_MS`. */
  async #exit(code: number): Promise<never> {
    const outputs = [this.#stdout, this.#stderr];
    await Promise.all(outputs.map(({ queue }) => queue.flush(FLUSH_MS)));
    return this.#runtime.exit(code);
  }
}

/** Standard output or standard error. */
interface Output {
  readonly queue: LineQueue;
  /** Prints a line unchanged. */
  readonly print: (line: string) => void;
  /** Prints a text for a person to read, in the form that `LOG_FORMAT` selects. */
  readonly say: Log;
}

/** The configuration, and whether its token was made for this run. */
interface Started {
  readonly config: Config;
  readonly isTokenNew: boolean;
}

interface Announced extends Started {
  readonly app: App;
  readonly isFirst: boolean;
}

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
