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
  readonly #pipes = new Set<Promise<unknown>>();
  #isCut = false;
  // Resolves at once while it is not paused.
  #going: Promise<void> = Promise.resolve();

  /** Begins to listen. */
  constructor(target: number) {
    this.target = target;
    this.#accepting = this.#accept();
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Ends all connections, and from now on each new one, until it is joined. */
  cut(): void {
    this.#isCut = true;
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  /** Ends what `cut()` has begun. */
  join(): void {
    this.#isCut = false;
  }

  /** Holds back what comes from the target. The function returned lets it go on. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#going = promise;
    return resolve;
  }

  /** Ends all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await Promise.allSettled([this.#accepting, ...this.#pipes]);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      if (this.#isCut) {
        close(near);
        continue;
      }
      const far = await this.#reach();
      if (!far) {
        close(near);
        continue;
      }
      for (const connection of [near, far]) this.#open.add(connection);
      this.#track(pipe(near, far, () => undefined));
      this.#track(pipe(far, near, () => this.#going));
    }
  }

  async #reach(): Promise<Deno.Conn | undefined> {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port: this.target });
    } catch {
      // Nobody listens there.
      return undefined;
    }
  }

  #track(piping: Promise<void>): void {
    this.#pipes.add(piping);
    piping.then(() => this.#pipes.delete(piping));
  }
}

/** Passes on what comes; each piece waits for what `before()` returns. */
async function pipe(
  from: Deno.Conn,
  to: Deno.Conn,
  before: () => Promise<void> | undefined,
): Promise<void> {
  try {
    const gate = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      async transform(bytes, controller) {
        await before();
        controller.enqueue(bytes);
      },
    });
    await from.readable.pipeThrough(gate).pipeTo(to.writable);
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
