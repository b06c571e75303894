/**
 * What the tests of the server share: an app without pages, a body read bit by bit, a server process.
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
import { Lines, Program, soon } from "../program.ts";

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

/** Options of a {@linkcode ServerProcess}. */
export interface ServerProcessOptions {
  /** What a shell says before it starts, such as `ulimit -n 80`. */
  readonly before?: string;
  /** Where it may read and write beside `data/`. */
  readonly folder?: string;
  /** More arguments of `deno run`. */
  readonly run?: readonly string[];
}

/** `main.ts` as a process of its own, on a port that is free, killed at the end of the scope. */
export class ServerProcess extends Program {
  constructor(
    settings: Readonly<Record<string, string>> = {},
    { before, folder = "data", run: more = [] }: ServerProcessOptions = {},
  ) {
    const run = [
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--allow-net",
      `--allow-read=static,data,${folder}`,
      `--allow-write=data,${folder}`,
      "--allow-env",
      ...more,
      "main.ts",
    ];
    const shell = ["/bin/sh", "-c", `${before}; exec "$0" "$@"`];
    const [command = "", ...args] = before === undefined ? run : [...shell, ...run];
    super(command, {
      args,
      cwd: new URL("../../", import.meta.url),
      env: { HOST: "127.0.0.1", PORT: "0", DRAIN_SECONDS: "1", NO_COLOR: "1", ...settings },
    });
  }

  /** Where it listens, as soon as it does; for the second time, when it had to begin again. */
  async url(nth = 1): Promise<URL> {
    const line = await this.stdout.line("Listening on ", nth);
    return new URL(/Listening on ([^"]*)/.exec(line)![1]!);
  }
}
