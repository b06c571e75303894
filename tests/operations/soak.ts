/**
 * Months in minutes: a server with 1 000 subscribers, an event a second and five clients a second that
 * leave and are replaced. Its memory and its file descriptors must not grow.
 *
 * As a program: `deno task soak [minutes]`, 10 by default. It prints what it measured and exits with 1
 * if a line through the samples rises by more than its bound.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a program that reports

import { fitLine, type Point } from "./line.ts";

const SUBSCRIBERS = 1_000;
const CHURN_MS = 200;
const PUBLISH_MS = 1_000;
const SAMPLE_MS = 5_000;
// So long the memory of a new process creeps up by itself, ever more slowly.
const WARM_UP_MINUTES = 5;
const MIN_MINUTES = 8;
// Standard errors around a slope.
const SURE = 3;
const MAX_HEAP_MB_AN_HOUR = 5;
// What the runtime has beside the heap creeps up by 5 to 15 MB an hour in the first ten minutes.
const MAX_MB_AN_HOUR = 30;
const MAX_FILES_AN_HOUR = 5;
const PUBLISH_TOKEN = "a-token-for-the-soak";

/** What clients ask for, one after the other; `*` is a name that nobody else uses. */
const PATHS = [
  "/sse?stream=news",
  "/sse",
  "/sse?stream=news&since=20",
  "/sse?stream=news&stream=*",
  "/sse?stream=time",
];

/** What a process uses. */
interface Sample {
  readonly hours: number;
  /** JavaScript's heap, and what is held outside of it for JavaScript. */
  readonly heapMegabytes: number;
  /** All of its memory that is in RAM. */
  readonly megabytes: number;
  readonly files: number;
}

/** A server process, and a look into it. */
class Soaked implements AsyncDisposable {
  readonly url: URL;
  readonly #child: Deno.ChildProcess;
  readonly #inspector: WebSocket;

  private constructor(child: Deno.ChildProcess, url: URL, inspector: WebSocket) {
    this.#child = child;
    this.#inspector = inspector;
    this.url = url;
  }

  static async start(): Promise<Soaked> {
    const run = ["run", "--inspect=127.0.0.1:0", "--allow-net", "--allow-read=static"];
    const child = new Deno.Command(Deno.execPath(), {
      args: [...run, "--allow-env", "main.ts"],
      cwd: new URL("../../", import.meta.url),
      clearEnv: true,
      env: { HOST: "127.0.0.1", PORT: "0", HISTORY_EVENTS: "60", NO_COLOR: "1", PUBLISH_TOKEN },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const inspector = new WebSocket(await find(child.stderr, /Debugger listening on (.*)\n/));
    await new Promise((resolve) => inspector.onopen = resolve);
    const url = new URL(await find(child.stdout, /Listening on (.*)\n/));
    return new Soaked(child, url, inspector);
  }

  /** What it uses once its garbage is collected: what waits to be collected is no leak. */
  async sample(hours: number): Promise<Sample> {
    await this.#ask("HeapProfiler.collectGarbage");
    const expression = "const { heapUsed, external } = Deno.memoryUsage(); heapUsed + external";
    const { result } = await this.#ask("Runtime.evaluate", { expression: `{${expression}}` });
    // Deno reads /proc only with all permissions.
    const proc = `/proc/${this.#child.pid}`;
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `grep VmRSS ${proc}/status && ls ${proc}/fd | wc -l`],
    }).output();
    const [kilobytes, files] = new TextDecoder().decode(stdout).match(/\d+/g)!.map(Number);
    return {
      hours,
      heapMegabytes: result.value / 1_048_576,
      megabytes: kilobytes! / 1_024,
      files: files!,
    };
  }

  /** Asks the inspector one thing at a time. */
  async #ask(method: string, params = {}) {
    const answer = new Promise<string>((resolve) => {
      this.#inspector.onmessage = ({ data }) => resolve(data);
    });
    this.#inspector.send(JSON.stringify({ id: 1, method, params }));
    return JSON.parse(await answer).result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#inspector.close();
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}

/** What an output says in a line; the rest of it is read and forgotten. */
function find(output: ReadableStream<Uint8Array>, line: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  (async () => {
    let text = "";
    for await (const part of output.pipeThrough(new TextDecoderStream())) {
      text = text.slice(-200) + part;
      const [, found] = line.exec(text) ?? [];
      if (found) resolve(found);
    }
    reject(new Error(`Cannot start the server: it ended after ${JSON.stringify(text)}`));
  })();
  return promise;
}

/** Clients that only read, all into one buffer, the oldest first. */
class Subscribers {
  received = 0;
  opened = 0;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #buffer = new Uint8Array(65_536);
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
  }

  get size(): number {
    return this.#open.size;
  }

  async add(): Promise<void> {
    const { hostname, port } = this.#url;
    const path = PATHS[this.opened % PATHS.length]!.replace("*", `only-${this.opened}`);
    this.opened++;
    const socket = await Deno.connect({ hostname, port: Number(port) });
    this.#open.add(socket);
    await socket.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`));
    this.#read(socket);
  }

  /** Has the oldest one leave. */
  remove(): void {
    const [oldest] = this.#open;
    if (!oldest) return;
    this.#open.delete(oldest);
    oldest.close();
  }

  /** Has the oldest one leave and a new one come. */
  async replaceOldest(): Promise<void> {
    this.remove();
    await this.add();
  }

  async #read(socket: Deno.TcpConn): Promise<void> {
    try {
      for (let n = await socket.read(this.#buffer); n; n = await socket.read(this.#buffer)) {
        this.received += n;
      }
      if (this.#open.delete(socket)) socket.close();
    } catch {
      // It was told to leave.
    }
  }
}

async function publish(url: URL): Promise<void> {
  const response = await fetch(new URL("/sse?stream=news", url), {
    method: "POST",
    headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "text/plain" },
    body: `It is ${new Date().toISOString()}, and here is some more to read`,
  });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`Cannot publish: it says ${response.status}`);
}

/** Does something again and again, until a time on the clock of `performance.now()`. */
async function every(ms: number, untilMs: number, act: () => Promise<void>): Promise<void> {
  for (let nextMs = performance.now() + ms; nextMs < untilMs; nextMs += ms) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
    await act();
  }
}

/** Loads a server for some minutes; returns what it used meanwhile. */
async function soak(minutes: number): Promise<Sample[]> {
  await using server = await Soaked.start();
  const subscribers = new Subscribers(server.url);
  for (let i = 0; i < SUBSCRIBERS; i++) await subscribers.add();
  const samples: Sample[] = [];
  const startMs = performance.now();
  const endMs = startMs + minutes * 60_000;
  await Promise.all([
    every(PUBLISH_MS, endMs, () => publish(server.url)),
    every(CHURN_MS, endMs, () => subscribers.replaceOldest()),
    every(SAMPLE_MS, endMs, async () => {
      samples.push(await server.sample((performance.now() - startMs) / 3_600_000));
    }),
  ]);
  const megabytes = (subscribers.received / 1e6).toFixed(1);
  console.log(`${subscribers.opened} clients came, and received ${megabytes} MB`);
  if (subscribers.size < SUBSCRIBERS) throw new Error("The server ended some that had not left");
  while (subscribers.size > 0) subscribers.remove();
  return samples;
}

/** Prints how steeply something rises; returns whether it surely does so by more than it may. */
function rises(what: string, points: readonly Point[], maxAnHour: number): boolean {
  const { slope, error } = fitLine(points);
  const values = points.map(([, y]) => y);
  const range = [values[0]!, values.at(-1)!, Math.min(...values), Math.max(...values)]
    .map((value) => value.toFixed(1));
  console.log(
    `${what}: ${range[0]} at first, ${range[1]} at last, from ${range[2]} to ${range[3]}; ` +
      `slope ${slope.toFixed(1)} ± ${(SURE * error).toFixed(1)} an hour, at most ${maxAnHour}`,
  );
  return slope - SURE * error > maxAnHour;
}

if (import.meta.main) {
  const minutes = Number(Deno.args[0] ?? 10);
  if (!(minutes >= MIN_MINUTES)) {
    console.error(
      `Cannot soak for ${Deno.args[0]} minutes: it takes ${MIN_MINUTES} to show anything`,
    );
    Deno.exit(2);
  }
  const all = await soak(minutes);
  const samples = all.filter(({ hours }) => hours > WARM_UP_MINUTES / 60);
  const heap = samples.map(({ hours, heapMegabytes }): Point => [hours, heapMegabytes]);
  const memory = samples.map(({ hours, megabytes }): Point => [hours, megabytes]);
  const files = samples.map(({ hours, files }): Point => [hours, files]);
  const isGrowing = [
    rises("heap in MB", heap, MAX_HEAP_MB_AN_HOUR),
    rises("memory in MB", memory, MAX_MB_AN_HOUR),
    rises("file descriptors", files, MAX_FILES_AN_HOUR),
  ].includes(true);
  console.log(isGrowing ? "It grows" : "It does not grow");
  Deno.exit(isGrowing ? 1 : 0);
}
