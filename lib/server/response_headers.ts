/**
 * Headers that are set on every answer, whoever made it.
 *
 * @module
 */

import type { Handler } from "./router.ts";

/**
 * Wraps a handler so that no browser guesses another type than an answer's own.
 *
 * @see {@link https://fetch.spec.whatwg.org/#x-content-type-options-header}
 */
export function withNosniff(handler: Handler): Handler {
  return async (request, info) =>
    changeHeaders(await handler(request, info), (headers) => {
      headers.set("x-content-type-options", "nosniff");
    });
}

/** Changes an answer's headers, on a copy where they are immutable. */
export function changeHeaders(response: Response, change: (headers: Headers) => void): Response {
  try {
    change(response.headers);
    return response;
  } catch {
    // Not always a copy: it would send a body of known length without its length.
    const copy = new Response(response.body, response);
    change(copy.headers);
    return copy;
  }
}
