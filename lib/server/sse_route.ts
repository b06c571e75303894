/**
 * The route `/sse`: `GET` subscribes, `POST` publishes, `DELETE` ends a stream.
 *
 * @module
 */

import type { EventWriter } from "../wire/event_writer.ts";
import type { BroadcastHub } from "../hub/hub.ts";
import { RateLimit } from "./rate_limit.ts";
import type { Authorize } from "./authorize.ts";
import type { Config } from "./config.ts";
import type { Connections } from "./connections.ts";
import { endStream, publish, type RefusedPublishers } from "./publish_handler.ts";
import type { RequestInfo, Route } from "./router.ts";
import { subscribe } from "./subscribe_handler.ts";

/** What the handlers of the route work with. */
export interface SseContext {
  /** The server's configuration. */
  readonly config: Config;
  /** The hub that clients subscribe to and publish to. */
  readonly hub: BroadcastHub;
  /** Admits and counts event streams. */
  readonly connections: Connections;
  /** Decides who may subscribe and publish. */
  readonly authorize: Authorize;
  /** The writers of the open per-connection streams. */
  readonly writers: Set<EventWriter>;
  /** Finds the client's address. */
  readonly addressOf: (request: Request, info: RequestInfo) => string;
  /** Refused publishes by reason; the route counts them. */
  readonly refusedPublishers: RefusedPublishers;
  /** Whether some credential permits to publish; without one, every publish is refused. */
  readonly canPublish: boolean;
  /** Whether the server is stopping. */
  readonly isStopping: () => boolean;
  /** Gets what a per-connection stream's source throws. */
  readonly onError: (error: unknown) => void;
}

/**
 * Makes the route. Where nobody can publish, `OPTIONS` names only the methods that read: a page can tell
 * without a publish that is refused.
 */
export function sseRoute(context: SseContext): Route {
  const publishRate = new RateLimit(context.config.publishRate);
  return {
    ...(context.canPublish ? {} : { OPTIONS: allowReading }),
    GET: (request, info) => subscribe(request, info, context),
    POST: (request, info) => publish(request, info, { ...context, publishRate }),
    DELETE: (request) => endStream(request, context),
  };
}

function allowReading(): Response {
  return new Response(null, { status: 204, headers: { allow: "GET, HEAD, OPTIONS" } });
}
