/**
 * Other programs that tests run: a process whose lines can be waited for and that ends with the scope.
 *
 * @module
 */

/** A process, killed at the end of the scope. */
export class Program implements AsyncDisposable {
  /** What it prints. */
  readonly stdout: Lines = new Lines();
  /** What it complains of. */
  readonly stderr: Lines = new Lines();
  readonly #child: Deno.ChildProcess;
  readonly #piped: Promise<unknown>;

  /** Starts it, with no other environment than that given. */
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

  /** The number that the system knows it by. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The exit code, when it has ended and all it printed is there. */
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

/** Lines as they come in. */
export class Lines {
  readonly all: string[] = [];
  #next = Promise.withResolvers<void>();

  readonly print = (line: string): void => {
    this.all.push(line);
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  };

  /** The line that includes a text, the first or a later one, as soon as there is one. */
  async line(text: string, nth = 1): Promise<string> {
    const what = () => `line ${nth} with ${JSON.stringify(text)} among ${this.all.join("\n")}`;
    for (;;) {
      const line = this.all.filter((line) => line.includes(text))[nth - 1];
      if (line !== undefined) return line;
      await soon(this.#next.promise, what);
    }
  }
}

/** Whether one of these permissions is not granted. */
export async function lacks(...names: ("net" | "read" | "write" | "run")[]): Promise<boolean> {
  const all = await Promise.all(names.map((name) => Deno.permissions.query({ name })));
  return all.some(({ state }) => state !== "granted");
}

/**
 * Resolves with what is promised, and rejects where it has not come after 30 s. Only a failing test waits
 * for so long, also where the machine is busy with other tests.
 */
export async function soon<T>(promise: Promise<T>, what: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what()}`)), 30_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Finds a port that nobody listens on. It is below those that a system gives to clients and to port 0, so
 * that no test that runs meanwhile gets it.
 */
export function freePort(): number {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 20_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** Whether a program is not there. */
export async function isMissing(command: string): Promise<boolean> {
  try {
    await Deno.stat(command);
    return false;
  } catch {
    // Not there, or not ours to see.
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
