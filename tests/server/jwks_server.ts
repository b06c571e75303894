/**
 * A set of keys at a URL on this machine, as an identity provider publishes it.
 *
 * @module
 */

/** Answers every request with a set of keys. */
export class JwksServer implements AsyncDisposable {
  /** What it answers. */
  answer: () => Response | Promise<Response>;
  /** How many requests have come. */
  requests = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Starts with these keys. */
  constructor(keys: readonly unknown[] = []) {
    this.answer = () => Response.json({ keys });
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
      this.requests++;
      return this.answer();
    });
  }

  /** Its URL. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/jwks.json`;
  }

  /** Answers with these keys from now on. */
  publish(keys: readonly unknown[]): void {
    this.answer = () => Response.json({ keys });
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
