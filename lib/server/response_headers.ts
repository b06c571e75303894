/**
 * Headers that are set on every response, whichever handler made it.
 *
 * @module
 */

import { withBody } from "./refusal.ts";
import type { Handler } from "./router.ts";

/**
 * Wraps a handler so that no browser guesses a response's type: `X-Content-Type-Options: nosniff`.
 *
 * @see {@link https://fetch.spec.whatwg.org/#x-content-type-options-header}
 */
export function withNosniff(handler: Handler): Handler {
  return async (request, info) => {
    const response = await handler(request, info);
    if (marked.has(response)) return response;
    return changeHeaders(response, (headers) => headers.set("x-content-type-options", "nosniff"));
  };
}

/** The header of {@linkcode withNosniff}, for a response that is made with it. */
export const NOSNIFF = { "x-content-type-options": "nosniff" };

/**
 * Marks a response that was made with {@linkcode NOSNIFF}. The runtime makes such a response in native
 * code, and would make it anew if its headers were touched, which takes 3 µs.
 */
export function markNosniff(response: Response): Response {
  marked.add(response);
  return response;
}

const marked = new WeakSet<Response>();

/**
 * Wraps a handler so that a stopping server keeps no idle connections: every response except an event
 * stream gets `Connection: close`. A publisher's next request then reaches another instance.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-9.6 RFC 9112, section 9.6}
 */
export function closingWhen(isStopping: () => boolean, handler: Handler): Handler {
  return async (request, info) => {
    const response = await handler(request, info);
    if (!isStopping() || isEventStream(response)) return response;
    return changeHeaders(response, (headers) => headers.set("connection", "close"));
  };
}

function isEventStream({ headers }: Response): boolean {
  return headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

/** Changes a response's headers, on a copy if they are immutable. */
export function changeHeaders(response: Response, change: (headers: Headers) => void): Response {
  try {
    change(response.headers);
    return response;
  } catch {
    // Only then: a copy sends a body of known length without its length.
    const copy = withBody(response.body, response);
    change(copy.headers);
    return copy;
  }
}
