/**
 * What happens when a handler throws.
 *
 * @module
 */

import { problem } from "../problem.ts";
import { type Handler, withoutBody } from "./router.ts";

/**
 * Wraps a handler so that what it throws becomes a 500 and one call of `onError`, and the client is
 * told nothing of the inside.
 */
export function withInternalError(handler: Handler, onError: (error: unknown) => void): Handler {
  return async (request, info) => {
    try {
      return await handler(request, info);
    } catch (error) {
      onError(error);
      return withoutBody(
        request,
        problem(500, "The server failed to answer; the error has been logged"),
      );
    }
  };
}
