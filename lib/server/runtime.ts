/**
 * What a server needs of its runtime: Deno, Node or Bun. `main.ts` has it for each.
 *
 * @module
 */

import type { CommandNames } from "./command_names.ts";
import type { LineWriter } from "./line_queue.ts";
import type { ListenAddress } from "./listen_address.ts";
import type { ProcessStats } from "./process_stats.ts";
import type { RequestInfo } from "./router.ts";

/** A runtime, with its process. */
export interface Runtime {
  /** What an operator types to run the server's commands. */
  readonly commands: CommandNames;
  /** The arguments of the program. */
  readonly args: readonly string[];
  /** Returns the text of an environment variable; `undefined` if it is not set. */
  readonly readVariable: (name: string) => string | undefined;
  /** The names of all variables, as far as they are known. */
  readonly variableNames: readonly string[];
  /** Returns the text of a file, or throws. */
  readonly readFile: (path: string) => string;
  /** Connects with TLS, and returns the protocol that the server chooses. */
  readonly negotiateProtocol: (hostname: string, port: number) => Promise<string | undefined>;
  /** Standard output. */
  readonly stdout: LineWriter;
  /** Standard error. */
  readonly stderr: LineWriter;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether the system is Windows. */
  readonly isWindows: boolean;
  /** Prints a line on the console, for a runtime that collects the console's lines. */
  readonly printToConsole: (line: string, isError: boolean) => void;
  /** Returns figures of the process. */
  readonly processStats: () => ProcessStats;
  /** Calls `onSignal` with each signal to stop. */
  readonly addSignalListener: (onSignal: () => void) => void;
  /** Ends the process. */
  readonly exit: (code: number) => never;
  /**
   * Listens. If that fails, throws, or rejects `finished`, with an error whose name is that of
   * {@linkcode describeListenError}.
   */
  readonly serve: (options: ServeOptions, fetch: Fetch) => RuntimeServer;
}

/** Answers a request. */
export type Fetch = (request: Request, info: RequestInfo) => Promise<Response>;

/** Where and how to listen. */
export interface ServeOptions {
  /** The address. */
  readonly hostname: string;
  /** The port; 0 for any free port. */
  readonly port: number;
  /** Whether other processes may listen on the same port. */
  readonly reusePort: boolean;
  /** The certificate chain, PEM; with it and `key` the server speaks HTTPS. */
  readonly cert?: string;
  /** The private key of the certificate, PEM. */
  readonly key?: string;
  /** Called once the server listens. */
  readonly onListen: (address: ListenAddress) => void;
  /** Called with an error of a handler, or of the body of a response. */
  readonly onError: (error: unknown) => Response;
}

/** A server that listens. */
export interface RuntimeServer {
  /** Resolves when it has been shut down, and rejects when the listener fails. */
  readonly finished: Promise<void>;
  /** Stops listening; resolves when every connection has ended. */
  shutdown(): Promise<void>;
}
