/**
 * A port that forwards to another port. Like a host name after a failover, it can change its target.
 *
 * @module
 */

/** Forwards connections. Open connections keep their target when the target changes. */
export class Forward implements AsyncDisposable {
  /** The target port of new connections. */
  target: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;
  readonly #pipes = new Set<Promise<unknown>>();
  #isCut = false;
  // Pending while the port is paused.
  #going: Promise<void> = Promise.resolve();
  #delayMs = 0;

  /** Begins to listen. */
  constructor(target: number) {
    this.target = target;
    this.#accepting = this.#accept();
  }

  /** The listening port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Ends all connections, and each new connection until `join()`. */
  cut(): void {
    this.#isCut = true;
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  /** Undoes `cut()`. */
  join(): void {
    this.#isCut = false;
  }

  /** Holds back the bytes from the target. The returned function lets them through. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#going = promise;
    return resolve;
  }

  /** Delays the bytes from the target. The returned function lets them through at once again. */
  delay(ms: number): () => void {
    this.#delayMs = ms;
    return () => {
      this.#delayMs = 0;
    };
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
      this.#track(pipe(far, near, () => this.#wait()));
    }
  }

  async #reach(): Promise<Deno.Conn | undefined> {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port: this.target });
    } catch {
      // The target is not listening.
      return undefined;
    }
  }

  async #wait(): Promise<void> {
    await this.#going;
    if (this.#delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#delayMs));
  }

  #track(piping: Promise<void>): void {
    this.#pipes.add(piping);
    piping.then(() => this.#pipes.delete(piping));
  }
}

/** Forwards bytes; each chunk waits for the promise that `before()` returns. */
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
    // One end has closed.
  }
  close(from);
  close(to);
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // The listener is closed.
  }
}
