/**
 * Other programs that tests run: a process that ends with the scope, and whose lines a test can wait for.
 *
 * @module
 */

import { soon } from "./wait.ts";

/** A process, killed at the end of the scope. */
export class Program implements AsyncDisposable {
  /** The lines of its standard output. */
  readonly stdout: Lines = new Lines();
  /** The lines of its standard error. */
  readonly stderr: Lines = new Lines();
  readonly #child: Deno.ChildProcess;
  readonly #piped: Promise<unknown>;

  /** Starts it, with only the environment that is given. */
  constructor(command: string, options: Deno.CommandOptions) {
    this.#child = new Deno.Command(command, {
      clearEnv: true,
      stdout: "piped",
      stderr: "piped",
      ...options,
    }).spawn();
    const { stdout, stderr } = this.#child;
    this.#piped = Promise.all([
      readLines(stdout, this.stdout.print),
      readLines(stderr, this.stderr.print),
    ]);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The exit code, once it has ended and its output has been read. */
  async exitCode(): Promise<number> {
    const { code } = await soon(this.#child.status, () => "the end of the process");
    await this.#piped;
    return code;
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#piped;
  }
}

/** Lines, as they arrive. */
export class Lines {
  readonly all: string[] = [];
  #next = Promise.withResolvers<void>();

  readonly print = (line: string): void => {
    this.all.push(line);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  };

  /** The first line that includes a text, or the `nth` such line, as soon as it is there. */
  async line(text: string, nth = 1): Promise<string> {
    const what = () => `line ${nth} with ${JSON.stringify(text)} among ${this.all.join("\n")}`;
    for (;;) {
      const line = this.all.filter((line) => line.includes(text))[nth - 1];
      if (line !== undefined) return line;
      await soon(this.#next.promise, what);
    }
  }
}

/** Whether any of these permissions is missing. */
export async function lacks(...names: ("net" | "read" | "write" | "run")[]): Promise<boolean> {
  const all = await Promise.all(names.map((name) => Deno.permissions.query({ name })));
  return all.some(({ state }) => state !== "granted");
}

/**
 * Finds a port that nobody listens on. It and the port 10 000 above it, which a Redis Cluster uses too,
 * are below those that a system gives to clients and to port 0, so that no test that runs meanwhile gets
 * them.
 */
export function freePort(): number {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 10_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Whether a program is missing. */
export async function isMissing(command: string): Promise<boolean> {
  try {
    await Deno.stat(command);
    return false;
  } catch {
    // Missing, or hidden by a permission.
    return true;
  }
}

/** Reads an output to its end, line by line. */
export async function readLines(
  output: ReadableStream<Uint8Array>,
  print: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    parts.forEach(print);
  }
  if (rest !== "") print(rest);
}
