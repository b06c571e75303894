/**
 * Months in minutes: a server with 1 000 subscribers and an event a second, where five clients a second
 * leave and are replaced. The server's memory and file descriptors must not grow.
 *
 * As a program: `deno task soak [minutes]`, 10 by default. It prints what it measured and exits with 1
 * if a line through the samples rises by more than its bound.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a program that prints

import { ServerProcess } from "../server/support.ts";
import { INSPECTED, measureGrowth, type Usage, UsageProbe, WARM_UP_MINUTES } from "./usage.ts";

const SUBSCRIBERS = 1_000;
const CHURN_MS = 200;
const PUBLISH_MS = 1_000;
const SAMPLE_MS = 5_000;
const MIN_MINUTES = WARM_UP_MINUTES + 3;
const LIMITS = {
  heapMegabytes: 5,
  // The runtime's memory beside the heap creeps up by 5 to 15 MB an hour in the first ten minutes.
  megabytes: 30,
  files: 5,
};
const PUBLISH_TOKEN = "a-token-for-the-soak";

/** The paths that clients request in turn; `*` becomes a name that nobody else uses. */
const PATHS = [
  "/sse?stream=news",
  "/sse",
  "/sse?stream=news&since=20",
  "/sse?stream=news&stream=*",
  "/sse?stream=time",
];

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

  /** Closes the oldest connection. */
  remove(): void {
    const [oldest] = this.#open;
    if (!oldest) return;
    this.#open.delete(oldest);
    oldest.close();
  }

  /** Closes the oldest connection and opens a new one. */
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
      // The connection was closed.
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
  if (response.status !== 200) {
    throw new Error(`Cannot publish: the server answered ${response.status}`);
  }
}

/** Does something again and again, until a time on the clock of `performance.now()`. */
async function every(ms: number, untilMs: number, act: () => Promise<void>): Promise<void> {
  for (let nextMs = performance.now() + ms; nextMs < untilMs; nextMs += ms) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, nextMs - performance.now())));
    await act();
  }
}

/** Puts load on a server for some minutes; returns its memory and files meanwhile. */
async function soak(minutes: number): Promise<Usage[]> {
  const settings = { HISTORY_EVENTS: "60", PUBLISH_TOKEN };
  await using server = new ServerProcess(settings, { run: INSPECTED });
  const url = await server.url();
  using probe = await UsageProbe.open(server);
  const subscribers = new Subscribers(url);
  for (let i = 0; i < SUBSCRIBERS; i++) await subscribers.add();
  const samples: Usage[] = [];
  const endMs = performance.now() + minutes * 60_000;
  await Promise.all([
    every(PUBLISH_MS, endMs, () => publish(url)),
    every(CHURN_MS, endMs, () => subscribers.replaceOldest()),
    every(SAMPLE_MS, endMs, async () => void samples.push(await probe.sample())),
  ]);
  const megabytes = (subscribers.received / 1e6).toFixed(1);
  console.log(`${subscribers.opened} clients came, and received ${megabytes} MB`);
  if (subscribers.size < SUBSCRIBERS) {
    throw new Error(
      "Cannot finish the soak: the server ended connections of clients that had not left",
    );
  }
  while (subscribers.size > 0) subscribers.remove();
  return samples;
}

if (import.meta.main) {
  const minutes = Number(Deno.args[0] ?? 10);
  if (!(minutes >= MIN_MINUTES)) {
    console.error(
      `Cannot soak for ${Deno.args[0]} minutes: it takes ${MIN_MINUTES} to show anything`,
    );
    Deno.exit(2);
  }
  const { isTooMuch, report } = measureGrowth(await soak(minutes), LIMITS);
  console.log(`${report}\n${isTooMuch ? "It grows" : "It does not grow"}`);
  Deno.exit(isTooMuch ? 1 : 0);
}
