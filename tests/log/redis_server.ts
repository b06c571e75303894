/**
 * A real Redis server on a free port, with a folder of its own.
 *
 * @module
 */

import { freePort, isMissing, Program } from "../program.ts";

const COMMAND = "/usr/bin/redis-server";

/** Whether no Redis server is installed. */
export const isRedisMissing: boolean = await isMissing(COMMAND);

/** A Redis that can be stopped and restarted; removed with its folder at the end of the scope. */
export class RedisServer implements AsyncDisposable {
  readonly port: number = freePort();
  readonly address = `127.0.0.1:${this.port}`;
  readonly url = `redis://${this.address}`;
  readonly #folder = Deno.makeTempDirSync();
  readonly #settings: readonly string[];
  #program: Program | undefined;

  private constructor(settings: readonly string[]) {
    this.#settings = settings;
  }

  /**
   * Starts a Redis.
   *
   * @param appendOnly Whether acknowledged writes survive a kill.
   * @param settings More command line arguments.
   */
  static async start(
    appendOnly = false,
    settings: readonly string[] = [],
  ): Promise<RedisServer> {
    const keep = ["--appendonly", "yes", "--appendfsync", "always"];
    const server = new RedisServer([...appendOnly ? keep : ["--appendonly", "no"], ...settings]);
    await server.start();
    return server;
  }

  /** Starts a sentinel for a Redis on this machine; one vote is enough for a failover. */
  static async startSentinel(
    name: string,
    port: number,
    settings: readonly string[] = [],
  ): Promise<RedisServer> {
    const server = new RedisServer(settings);
    const file = `${server.#folder}/sentinel.conf`;
    await Deno.writeTextFile(
      file,
      `sentinel monitor ${name} 127.0.0.1 ${port} 1\n` +
        `sentinel down-after-milliseconds ${name} 500\nsentinel failover-timeout ${name} 2000\n`,
    );
    server.#program = new Program(COMMAND, {
      args: [file, "--sentinel", ...server.#place, ...settings],
    });
    await server.#program.stdout.line("Sentinel ID is");
    return server;
  }

  /** Starts the server again. */
  async start(): Promise<void> {
    const args = [...this.#place, "--save", "", ...this.#settings];
    this.#program = new Program(COMMAND, { args });
    await this.#program.stdout.line("Ready to accept connections");
  }

  get #place(): string[] {
    return ["--bind", "127.0.0.1", "--port", `${this.port}`, "--dir", this.#folder];
  }

  /** The folder of the server's files. */
  get folder(): string {
    return this.#folder;
  }

  /** Sends a signal to the server. */
  signal(signal: Deno.Signal): void {
    this.#program!.kill(signal);
  }

  /** Stops the server with a signal. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.#program!.kill(signal);
    await this.#program!.exitCode();
  }

  /** Sends a command as a line over a new connection, and returns the reply as Redis sent it. */
  async command(...words: readonly (string | number)[]): Promise<string> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
    const parts = words.map((word) =>
      `$${new TextEncoder().encode(`${word}`).length}\r\n${word}\r\n`
    );
    const request = `*${words.length}\r\n${parts.join("")}`;
    await connection.write(new TextEncoder().encode(request));
    const reply = new Uint8Array(65_536);
    return new TextDecoder().decode(reply.subarray(0, await connection.read(reply) ?? 0));
  }

  /** Stops the server, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
