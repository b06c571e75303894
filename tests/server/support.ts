/**
 * What the tests of the server share: an app without pages, a body read bit by bit, lines to wait
 * for, a server process.
 *
 * @module
 */

import {
  type App,
  type AppOptions,
  createApp,
  readConfig,
  type Route,
} from "../../lib/server/app.ts";

/** An app that tests may ask and that closes at the end of their scope. */
export interface TestApp extends App, AsyncDisposable {
  readonly log: Lines;
}

/** Makes an app of these settings, all others by default. */
export function testApp(
  settings: Readonly<Record<string, string>> = {},
  pages: ReadonlyMap<string, Route> = new Map(),
  options: AppOptions = {},
): TestApp {
  const log = new Lines();
  const config = readConfig((name) => settings[name]);
  const app = createApp(config, { pages, print: log.print, ...options });
  return { ...app, log, [Symbol.asyncDispose]: () => app.close() };
}

/** A request for a path of the server. */
export function get(path: string, init?: RequestInit): Request {
  return new Request(`http://localhost${path}`, init);
}

/** The words of a text. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Whether one of these permissions is not granted. */
export async function lacks(...names: ("net" | "read" | "write" | "run")[]): Promise<boolean> {
  const all = await Promise.all(names.map((name) => Deno.permissions.query({ name })));
  return all.some(({ state }) => state !== "granted");
}

/** What is promised, or an error where it would keep a failing test waiting for ever. */
export async function soon<T>(promise: Promise<T>, what: () => string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Waited in vain for ${what()}`)), 10_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
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

/** A body of ASCII text, read as far as a test wants. */
export class Body implements AsyncDisposable {
  text = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor({ body }: { readonly body: ReadableStream<Uint8Array> | null }) {
    if (!body) throw new Error("There is no body");
    this.#reader = body.getReader();
  }

  /** Reads until the text so far matches. */
  until(pattern: RegExp): Promise<string> {
    return soon(this.#until(pattern), () => `${pattern} in ${JSON.stringify(this.text)}`);
  }

  /** Reads to the end. */
  end(): Promise<string> {
    return soon(this.#end(), () => `the end of ${JSON.stringify(this.text)}`);
  }

  /** Leaves, as a client does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }

  async #until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (!await this.#read()) throw new Error(`The body ended after ${JSON.stringify(this.text)}`);
    }
    return this.text;
  }

  async #end(): Promise<string> {
    while (await this.#read());
    return this.text;
  }

  async #read(): Promise<boolean> {
    const { value, done } = await this.#reader.read();
    this.text += new TextDecoder().decode(value);
    return !done;
  }
}

/** `main.ts` as a process of its own, on a port that is free, killed at the end of the scope. */
export class ServerProcess implements AsyncDisposable {
  readonly stdout: Lines = new Lines();
  readonly stderr: Lines = new Lines();
  readonly #child: Deno.ChildProcess;
  readonly #piped: Promise<unknown>;

  constructor(settings: Readonly<Record<string, string>> = {}, maxFiles?: number) {
    const run = [Deno.execPath(), "run", "--allow-net", "--allow-read=static", "--allow-env"];
    const limit = `ulimit -n ${maxFiles}; exec "$0" "$@"`;
    const [command = "", ...args] = maxFiles === undefined ? run : ["/bin/sh", "-c", limit, ...run];
    this.#child = new Deno.Command(command, {
      args: [...args, "main.ts"],
      cwd: new URL("../../", import.meta.url),
      clearEnv: true,
      env: { HOST: "127.0.0.1", PORT: "0", DRAIN_SECONDS: "1", NO_COLOR: "1", ...settings },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = this.#child;
    this.#piped = Promise.all([pipe(stdout, this.stdout), pipe(stderr, this.stderr)]);
  }

  /** Where it listens, as soon as it does; for the second time, when it had to begin again. */
  async url(nth = 1): Promise<URL> {
    const line = await this.stdout.line("Listening on ", nth);
    return new URL(line.slice("Listening on ".length));
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

async function pipe(output: ReadableStream<Uint8Array>, lines: Lines): Promise<void> {
  let rest = "";
  for await (const bytes of output) {
    const parts = (rest + new TextDecoder().decode(bytes)).split("\n");
    rest = parts.pop()!;
    parts.forEach(lines.print);
  }
  if (rest !== "") lines.print(rest);
}
