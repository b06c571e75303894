/**
 * A proxy that forwards requests to the server, or refuses them for a test: it stands for a proxy with
 * its own rules, and for a server with limits.
 *
 * @module
 */

/** A proxy on its own port, closed at the end of the scope. */
export class Front implements AsyncDisposable {
  /** Responses that replace the server's, by path. */
  readonly refusals: Map<string, () => Response> = new Map();
  readonly #counts = new Map<string, number>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Starts a proxy of a server. */
  constructor(target: URL) {
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      // The browser has left.
      onError: () => new Response(null, { status: 502 }),
    };
    this.#server = Deno.serve(options, (request) => {
      const { pathname, search } = new URL(request.url);
      this.#counts.set(pathname, this.count(pathname) + 1);
      const refuse = this.refusals.get(pathname);
      if (refuse) return refuse();
      const { method, headers, body } = request;
      return fetch(new URL(pathname + search, target), { method, headers, body });
    });
  }

  /** The URL of the proxy. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#server.addr.port}/`);
  }

  /** The number of requests for a path. */
  count(path: string): number {
    return this.#counts.get(path) ?? 0;
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A refusal in the form of the server's. */
export function refusal(status: number, detail: string, headers: Record<string, string> = {}) {
  const problem = { type: "about:blank", title: "Refused", status, detail };
  return () => Response.json(problem, { status, headers });
}
