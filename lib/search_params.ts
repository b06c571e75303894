/**
 * The query of a request.
 *
 * @module
 */

/** Returns the query of a request; unlike `new URL()`, it takes whatever a client writes as its host. */
export function searchParams(request: Request): URLSearchParams {
  return new URLSearchParams(/\?[^#]*/.exec(request.url)?.[0]);
}
