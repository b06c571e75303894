/**
 * What the clients under test use: the server, the network before it, and what is published.
 *
 * @module
 */

import { Network } from "../../browser/network.ts";
import { freePort } from "../../program.ts";
import { ServerProcess } from "../../server/support.ts";

/** The secret of the server's JSON Web Tokens. */
export const JWT_KEY = "a-secret-for-the-faults-of-32-bytes";

const PUBLISH_TOKEN = "a-token-for-the-faults";

/** A server behind a network, and numbers that are published on it. Ends with the scope. */
export class Site implements AsyncDisposable {
  /** When each number was sent to the server that has acknowledged it. */
  readonly published = new Map<number, number>();
  readonly network: Network;
  /** Ends when the server has ended; the newest one if there are several. */
  server!: ServerProcess;
  readonly #port = `${freePort()}`;
  readonly #folder = Deno.makeTempDirSync();
  #next = 0;
  #isOver = false;
  #publishing: Promise<void> | undefined;

  private constructor(readonly settings: Readonly<Record<string, string>>) {
    this.network = new Network(new URL(`http://127.0.0.1:${this.#port}`));
  }

  /** Starts the server, and publishes a number every 100 ms. */
  static async start(settings: Readonly<Record<string, string>>): Promise<Site> {
    const site = new Site(settings);
    await site.startServer();
    site.#publishing = site.#publishNumbers();
    return site;
  }

  /** The URL to subscribe to, through the network. */
  get url(): string {
    return `${this.network.url}sse?stream=faults`;
  }

  /** Starts a server with the same port and the same log, and waits until it listens. */
  async startServer(): Promise<void> {
    this.server = new ServerProcess({
      PORT: this.#port,
      EVENT_LOG: "kv",
      KV_PATH: `${this.#folder}/hub.sqlite`,
      REUSE_PORT: "true",
      HEARTBEAT_SECONDS: "2",
      RETRY_MS: "1000",
      PUBLISH_TOKEN,
      JWT_KEY,
      JWT_LEEWAY_SECONDS: "0",
      ...this.settings,
    }, { folder: this.#folder });
    await this.server.url();
  }

  /** Stops the server, and waits for its end. */
  async stopServer(signal: Deno.Signal): Promise<void> {
    this.server.kill(signal);
    await this.server.exitCode();
  }

  /** Removes the log of a server that is stopped. */
  async removeLog(): Promise<void> {
    for await (const { name } of Deno.readDir(this.#folder)) {
      await Deno.remove(`${this.#folder}/${name}`, { recursive: true });
    }
  }

  /** Publishes a text that is not a number, or the next number, with so many bytes after it. */
  async publish(text?: string, bytes = 0): Promise<void> {
    const number = this.#next;
    if (text === undefined) this.#next++;
    const sentAt = Date.now();
    const response = await fetch(`http://127.0.0.1:${this.#port}/sse?stream=faults`, {
      method: "POST",
      headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ data: `${text ?? number} ${"x".repeat(bytes)}` }),
      signal: AbortSignal.timeout(2_000),
    });
    if (response.ok && text === undefined) this.published.set(number, sentAt);
    await response.body?.cancel();
  }

  /** Publishes no more. */
  async stopPublishing(): Promise<void> {
    this.#isOver = true;
    await this.#publishing;
  }

  /** Ends the server and the network. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopPublishing();
    await this.server[Symbol.asyncDispose]();
    this.network[Symbol.dispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #publishNumbers(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.publish();
      } catch {
        // The server is down: it has acknowledged nothing.
      }
      await pause(100);
    }
  }
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
