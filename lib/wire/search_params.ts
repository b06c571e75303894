/**
 * The query of a request.
 *
 * @module
 */

/** Returns the query of a request. Unlike `new URL()`, it does not throw for an invalid host. */
export function searchParams({ url }: Pick<Request, "url">): URLSearchParams {
  return new URLSearchParams(/\?[^#]*/.exec(url)?.[0]);
}
