/**
 * A refusal that is thrown, where the code that finds it can't return a response.
 *
 * @module
 */

/** Thrown with the response that refuses the request. */
export class RefusedError extends Error {
  /** Always `RefusedError`. */
  override name = "RefusedError";
  /** The response. */
  readonly response: Response;
  /** The line of the request's body that it is about. */
  readonly line: number | undefined;

  /** Makes the error of a refusal. */
  constructor(response: Response, line?: number) {
    super(`Cannot serve request: it is refused with ${response.status}`);
    this.response = response;
    this.line = line;
  }
}
