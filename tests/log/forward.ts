/**
 * A port that leads to another, as a name does that a failover points elsewhere.
 *
 * @module
 */

/** Passes on connections; those that are open stay where they are when the target changes. */
export class Forward implements AsyncDisposable {
  /** Where connections lead from now on. */
  target: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;
  readonly #pipes: Promise<unknown>[] = [];

  /** Begins to listen. */
  constructor(target: number) {
    this.target = target;
    this.#accepting = this.#accept();
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await Promise.allSettled([this.#accepting, ...this.#pipes]);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
      for (const connection of [near, far]) this.#open.add(connection);
      this.#pipes.push(pipe(near, far), pipe(far, near));
    }
  }
}

async function pipe(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  try {
    await from.readable.pipeTo(to.writable);
  } catch {
    // One end has gone.
  }
  close(from);
  close(to);
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
