/**
 * Shared by the tests of the server: an app without pages, a body read in steps, a server process.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type App,
  type AppOptions,
  createApp,
  CutConnection,
  readConfig,
  type Route,
} from "../../lib/server/app.ts";
import { Lines, Program } from "../program.ts";
import { soon } from "../wait.ts";

/** An app that closes at the end of a test's scope. */
export interface TestApp extends App, AsyncDisposable {
  readonly log: Lines;
}

/** Makes an app with these settings, and defaults for all others. */
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

/** A request for a path of the server, with `Accept: text/event-stream`. */
export function get(path: string, init?: RequestInit): Request {
  // Node takes a stream as a body only with this field.
  const duplex = { duplex: "half" } as RequestInit;
  const request = new Request(`http://localhost${path}`, { ...duplex, ...init });
  if (!request.headers.has("accept")) request.headers.set("accept", "text/event-stream");
  return request;
}

/** A connection from `192.0.2.7`. */
export const INFO = { remoteAddr: { transport: "tcp", hostname: "192.0.2.7", port: 51_234 } };

/** The headers of an event stream. */
export const EVENT_STREAM_HEADERS = {
  "cache-control": "no-store, no-transform",
  "content-type": "text/event-stream; charset=utf-8",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Settings under which the stream `time` sends nothing while a test runs. */
export const QUIET = { INTERVAL_MS: "2147483647" };

/** Opens an event stream from {@linkcode INFO}. */
export async function open(app: TestApp, path: string): Promise<Body> {
  return new Body(await app.fetch(get(path), INFO));
}

/** The lines of the log without times and the ids of connections, and without refused requests. */
export function messages({ log }: TestApp): string[] {
  return log.all.filter((line) => !line.includes(" refused status=")).map((line) =>
    line.replace(/^\S+ /, "").replace(/ seconds=[0-9.]+ /, " ").replace(/ connection=\S+/, "")
  );
}

/** Asserts the exact text of a refusal. */
export async function assertProblem(
  response: Response,
  status: number,
  body: string,
): Promise<void> {
  assertEquals(await response.text(), body);
  assertEquals(response.status, status);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(response.headers.get("cache-control"), "no-store");
}

/** Asserts the answer that tells a client to reconnect later. */
export async function assertRetryLater(response: Response): Promise<void> {
  assertEquals(response.status, 200);
  assertEquals(Object.fromEntries(response.headers), EVENT_STREAM_HEADERS);
  const body = new Body(response);
  const pattern = /^event: goaway\nretry: (\d+)\ndata: \{"reason":"(draining|overloaded)"\}\n\n$/;
  const [, retry] = pattern.exec(await body.end()) ?? [];
  assertEquals(body.isCut, true);
  assert(Number(retry) >= 5_000 && Number(retry) < 15_000, `retry: ${retry}`);
}

/** The last event of a stopping server with its log in memory. */
export const SENT_AWAY = /\nevent: goaway\nretry: \d{4,5}\ndata: \{"reason":"draining"\}\n\n$/;

/** The words of a text. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** A body of ASCII text that a test reads in steps. */
export class Body implements AsyncDisposable {
  text = "";
  /** Whether the body was cut instead of closed. */
  isCut = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor({ body }: { readonly body: ReadableStream<Uint8Array> | null }) {
    if (!body) throw new Error("There is no body");
    this.#reader = body.getReader();
  }

  /** Reads until the text so far matches. */
  until(pattern: RegExp): Promise<string> {
    return soon(this.#until(pattern), () => `${pattern} in ${JSON.stringify(this.text)}`);
  }

  /** Reads until the body is closed or cut. */
  end(): Promise<string> {
    return soon(this.#end(), () => `the end of ${JSON.stringify(this.text)}`);
  }

  /** Cancels the body, like a client that leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isCut) await this.#reader.cancel();
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
    try {
      const { value, done } = await this.#reader.read();
      this.text += new TextDecoder().decode(value);
      return !done;
    } catch (error) {
      // The error of a body that comes from a socket is the runtime's, not a CutConnection.
      if (!(error instanceof CutConnection || error instanceof TypeError)) throw error;
      this.isCut = true;
      return false;
    }
  }
}

/** Options of a {@linkcode ServerProcess}. */
export interface ServerProcessOptions {
  /** A shell command that runs before the server, such as `ulimit -n 80`. */
  readonly before?: string;
  /** A path that the server may read and write, in addition to `data/`. */
  readonly folder?: string;
  /** More arguments of `deno run`. */
  readonly run?: readonly string[];
  /** The argument of `deno run` that allows variables. */
  readonly allowEnv?: string;
  /** Arguments of `main.ts`. */
  readonly args?: readonly string[];
}

/** `main.ts` as a separate process on a free port, killed at the end of the scope. */
export class ServerProcess extends Program {
  constructor(
    settings: Readonly<Record<string, string>> = {},
    options: ServerProcessOptions = {},
  ) {
    const { before, folder = "data", run: more = [], allowEnv = "--allow-env" } = options;
    const run = [
      Deno.execPath(),
      "run",
      "--no-prompt",
      "--allow-net",
      `--allow-read=static,data,${folder}`,
      `--allow-write=data,${folder}`,
      allowEnv,
      ...more,
      "main.ts",
      ...options.args ?? [],
    ];
    const shell = ["/bin/sh", "-c", `${before}; exec "$0" "$@"`];
    const [command = "", ...args] = before === undefined ? run : [...shell, ...run];
    super(command, {
      args,
      cwd: new URL("../../", import.meta.url),
      env: { HOST: "127.0.0.1", PORT: "0", DRAIN_SECONDS: "1", NO_COLOR: "1", ...settings },
    });
  }

  /** Waits until the server listens for the `nth` time, and returns its URL. */
  async url(nth = 1): Promise<URL> {
    const line = await this.stdout.line("Listening on ", nth);
    return new URL(/Listening on ([^" ]*)/.exec(line)![1]!);
  }
}
