/**
 * The query of a request.
 *
 * @module
 */

/** Returns the query of a request; unlike `new URL()`, it takes whatever a client writes as its host. */
export function searchParams({ url }: Pick<Request, "url">): URLSearchParams {
  return new URLSearchParams(/\?[^#]*/.exec(url)?.[0]);
}
