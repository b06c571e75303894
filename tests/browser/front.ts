/**
 * A server in front of the server, which passes requests on and refuses what a test wants refused: a
 * proxy with rules of its own, and a server with limits.
 *
 * @module
 */

/** A proxy on a port of its own, closed at the end of the scope. */
export class Front implements AsyncDisposable {
  /** What it answers instead of the server, by path. */
  readonly refusals: Map<string, () => Response> = new Map();
  readonly #counts = new Map<string, number>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Starts it in front of a server. */
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

  /** Where it is. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#server.addr.port}/`);
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.#counts.get(path) ?? 0;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A refusal as the server writes it. */
export function refusal(status: number, detail: string, headers: Record<string, string> = {}) {
  const problem = { type: "about:blank", title: "Refused", status, detail };
  return () => Response.json(problem, { status, headers });
}
