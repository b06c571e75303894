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
  /** The answer to every new connection, in place of the server's. */
  #refusal: string | undefined;
  /** The connections on which nothing gets through, until the promise is resolved. */
  #held: PromiseWithResolvers<void> & { readonly sockets: ReadonlySet<Deno.TcpConn> } | undefined;

  constructor(private readonly server: URL) {
    this.#accept();
  }

  /** The URL of the server for the browser. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#listener.addr.port}/`);
  }

  /** Cuts all connections, and each new connection. */
  cut(): void {
    this.release();
    this.#isCut = true;
    for (const socket of this.#sockets) close(socket);
    this.#sockets.clear();
  }

  /** Cuts all connections, and gives every request the same answer, which closes its connection. */
  refuse(answer: string): void {
    this.cut();
    this.#isCut = false;
    this.#refusal = answer;
  }

  /** Lets connections through again. */
  restore(): void {
    this.#isCut = false;
    this.#refusal = undefined;
  }

  /** Lets nothing through on the open connections, and keeps them open. New ones work. */
  hold(): void {
    this.#held ??= { ...Promise.withResolvers<void>(), sockets: new Set(this.#sockets) };
  }

  /** Lets through what was held, and what follows. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.cut();
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      if (this.#isCut) near.close();
      else if (this.#refusal === undefined) this.#connect(near);
      else answer(near, this.#refusal);
    }
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    const { hostname, port } = this.server;
    const far = await Deno.connect({ hostname, port: Number(port) }).catch(() => undefined);
    if (!far) return near.close(); // The server is down.
    this.#sockets.add(near).add(far);
    const ends = [this.#pass(near, far), this.#pass(far, near)];
    await Promise.allSettled(ends);
    this.#sockets.delete(near);
    this.#sockets.delete(far);
  }

  #pass(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const gate = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: async (chunk, controller) => {
        if (this.#held?.sockets.has(from)) await this.#held.promise;
        controller.enqueue(chunk);
      },
    });
    return from.readable.pipeThrough(gate).pipeTo(to.writable);
  }
}

/** Answers the request on a connection. */
async function answer(socket: Deno.TcpConn, text: string): Promise<void> {
  try {
    await socket.read(new Uint8Array(16_384));
    await socket.write(new TextEncoder().encode(text));
    await socket.closeWrite();
    await socket.read(new Uint8Array(1));
  } catch {
    // The client has gone.
  }
  close(socket);
}

function close(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // The relay is closed.
  }
}
