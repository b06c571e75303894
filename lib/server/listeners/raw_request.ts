/**
 * A request whose URL is as the client wrote it, as on Deno: `new Request()` resolves `..` and drops what
 * follows `#`, so that a proxy in front could read another path than the server.
 *
 * @module
 */

/** A request with the target of its request line. */
export class RawRequest extends Request {
  readonly #url: string;

  /** Takes the URL, and everything else as `Request` does. */
  constructor(url: string, init: RequestInit) {
    super(url, init);
    this.#url = url;
  }

  override get url(): string {
    return this.#url;
  }
}
