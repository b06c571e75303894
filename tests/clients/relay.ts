/**
 * A relay between clients and a server. It records each request and the start of each answer, and stands
 * for a network: it can be down, be cut, and stop reading for a client. A request for another path than
 * `/sse` goes to the site with the clients' pages.
 *
 * @module
 */

import { controlEvents } from "../../lib/wire/control_events.ts";

/** A request of a client. */
export interface SeenRequest {
  /** The client: the stream that the request is for. */
  readonly client: string;
  /** When it arrived, as `Date.now()` tells. */
  readonly atMs: number;
  /** Its headers, by their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The status of the answer, once it is there. */
  status?: number;
  /** The types of the control events of the answer so far. */
  readonly control: string[];
}

/** A relay on its own port, closed at the end of the scope. */
export class Relay implements Disposable {
  /** Every request for `/sse`, in the order in which they arrived. */
  readonly requests: SeenRequest[] = [];
  /** A header that is added to every request for `/sse`: `cookie: …`. */
  header: string | undefined;
  /** Whether no connection reaches the server. */
  isDown = false;
  /** The server. */
  server: URL;
  readonly #site: URL;
  readonly #listener = Deno.listen({ hostname: "0.0.0.0", port: 0 });
  readonly #sockets = new Set<Deno.TcpConn>();
  #held: PromiseWithResolvers<void> | undefined;

  /** Starts it. */
  constructor(server: URL, site: URL) {
    this.server = server;
    this.#site = site;
    this.#accept();
  }

  /** Its port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const socket of this.#sockets) close(socket);
    this.#sockets.clear();
  }

  /** Reads no more from the server until it is released. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  /** Reads on. */
  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.release();
    this.cut();
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      this.#sockets.add(near);
      this.#relay(near).catch(() => {}).finally(() => {
        close(near);
        this.#sockets.delete(near);
      });
    }
  }

  /** Forwards the requests of a connection, all of them without a body, to where the first one goes. */
  async #relay(near: Deno.TcpConn): Promise<void> {
    let far: Deno.TcpConn | undefined;
    let latest: SeenRequest | undefined;
    try {
      for await (const head of heads(near)) {
        const isForSite = !/^GET \/sse\b/.test(head);
        if (!isForSite) this.requests.push(latest = readHead(head));
        if (!isForSite && this.isDown) return;
        if (!far) {
          const { hostname, port } = isForSite ? this.#site : this.server;
          far = await Deno.connect({ hostname, port: Number(port) });
          this.#sockets.add(far);
          this.#answer(far, near, () => latest).catch(() => {}).finally(() => close(near));
        }
        const added = isForSite || !this.header ? "" : `\r\n${this.header}`;
        await write(far, encoder.encode(`${head}${added}\r\n\r\n`));
      }
    } finally {
      if (far) close(far);
    }
  }

  async #answer(
    far: Deno.TcpConn,
    near: Deno.TcpConn,
    latest: () => SeenRequest | undefined,
  ): Promise<void> {
    const bytes = new Uint8Array(65_536);
    let text = "";
    for (;;) {
      await this.#held?.promise;
      const count = await far.read(bytes);
      if (count === null) return;
      text = text.slice(text.lastIndexOf("\n") + 1) + decoder.decode(bytes.subarray(0, count));
      const seen = latest();
      if (seen) record(seen, text);
      await write(near, bytes.subarray(0, count));
    }
  }
}

function record(seen: SeenRequest, text: string): void {
  const status = /HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
  if (status !== undefined) seen.status = Number(status);
  for (const [, type = ""] of text.matchAll(/^event: (\w+)\n/gm)) {
    if (isControl(type)) seen.control.push(type);
  }
}

function isControl(type: string): boolean {
  return (controlEvents as readonly string[]).includes(type);
}

function readHead(head: string): SeenRequest {
  const [start = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const client = new URL(start.split(" ")[1]!, "http://localhost").searchParams.get("stream");
  return { client: client ?? "", atMs: Date.now(), headers: new Map(headers), control: [] };
}

/** The heads of a connection's requests. */
async function* heads(near: Deno.TcpConn): AsyncGenerator<string> {
  let text = "";
  for await (const bytes of near.readable) {
    text += decoder.decode(bytes);
    const all = text.split("\r\n\r\n");
    text = all.pop()!;
    yield* all;
  }
}

async function write(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await socket.write(bytes.subarray(written));
}

function close(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // It is closed.
  }
}

const encoder = new TextEncoder();
// The heads and the control events are ASCII.
const decoder = new TextDecoder("latin1");
