/**
 * The answer to a request whose handler throws: 500 Internal Server Error.
 *
 * @module
 */

import { refuse } from "./refusal.ts";
import { type Handler, withoutBody } from "./router.ts";

/**
 * Wraps a handler so that an error becomes a 500 and one call of `onError`. The client learns nothing
 * about the error.
 */
export function withInternalError(handler: Handler, onError: (error: unknown) => void): Handler {
  return async (request, info) => {
    try {
      return await handler(request, info);
    } catch (error) {
      onError(error);
      return withoutBody(
        request,
        refuse("error", "The server failed to answer; the error has been logged"),
      );
    }
  };
}
