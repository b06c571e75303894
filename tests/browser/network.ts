/**
 * A relay between the browser and a server, to test pages on a network that fails.
 *
 * @module
 */

/** A network that can be cut and restored. */
export class Network implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #sockets = new Set<Deno.TcpConn>();
  #isCut = false;

  constructor(private readonly server: URL) {
    this.#accept();
  }

  /** The URL of the server for the browser. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#listener.addr.port}/`);
  }

  /** Cuts all connections, and each new connection. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) close(socket);
    this.#sockets.clear();
  }

  /** Lets connections through again. */
  restore(): void {
    this.#isCut = false;
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.cut();
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      if (this.#isCut) near.close();
      else this.#connect(near);
    }
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    const { hostname, port } = this.server;
    const far = await Deno.connect({ hostname, port: Number(port) });
    this.#sockets.add(near).add(far);
    const ends = [near.readable.pipeTo(far.writable), far.readable.pipeTo(near.writable)];
    await Promise.allSettled(ends);
    this.#sockets.delete(near);
    this.#sockets.delete(far);
  }
}

function close(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // The relay is closed.
  }
}
