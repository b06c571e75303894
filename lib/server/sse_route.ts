/**
 * The route `/sse`: `GET` subscribes, `POST` publishes, `DELETE` ends a stream.
 *
 * @module
 */

import { ingest } from "./ingest_handler.ts";
import { endStream, publish } from "./publish_handler.ts";
import { isStreamed } from "./publish_type.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Route } from "./router.ts";
import type { SseContext } from "./sse_context.ts";
import { subscribe } from "./subscribe_handler.ts";

/**
 * Makes the route. Where nobody can publish, `OPTIONS` names only the methods that read: a page can tell
 * without a publish that is refused.
 */
export function sseRoute(context: SseContext): Route {
  const publishing = { ...context, publishRate: new RateLimit(context.config.publishRate) };
  return {
    ...(context.canPublish ? {} : { OPTIONS: allowReading }),
    GET: (request, info) => subscribe(request, info, context),
    POST: (request, info) =>
      isStreamed(request.headers.get("content-type"))
        ? ingest(request, info, publishing)
        : publish(request, info, publishing),
    DELETE: (request) => endStream(request, context),
  };
}

function allowReading(): Response {
  return new Response(null, { status: 204, headers: { allow: "GET, HEAD, OPTIONS" } });
}
