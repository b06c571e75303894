/**
 * Every route of the server, by its path.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import type { AppParts } from "./app_parts.ts";
import type { Authorize } from "./authorize.ts";
import { healthRoute, readinessRoute } from "./health.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { plainText } from "./plain_text.ts";
import { refuse } from "./refusal.ts";
import { nameBelow, rawPath, type Route } from "./router.ts";
import { sseRoute } from "./sse_route.ts";
import { listStreams } from "./stream_list.ts";

/** Makes the routes. A page never takes the place of one of the server's own paths. */
export function createRoutes(parts: AppParts): ReadonlyMap<string, Route> {
  const { hub, authorize } = parts;
  return new Map<string, Route>([
    ...parts.pages,
    ["/sse", sseRoute(parts)],
    ["/streams", adminRoute(authorize, (request) => listStreams(hub, request))],
    ["/streams/*", adminRoute(authorize, (request) => describeStream(hub, request))],
    ["/metrics", adminRoute(authorize, () => plainText(200, metrics(parts), METRICS_TYPE))],
    ["/session", parts.sessions.route],
    ["/console/events", parts.console.route],
    ["/healthz", healthRoute()],
    ["/readyz", readinessRoute(parts)],
  ]);
}

/** A route that shows an operator what the server does. */
function adminRoute(authorize: Authorize, show: (request: Request) => Response): Route {
  return {
    async GET(request) {
      const grant = await authorize(request, "admin", []);
      return grant instanceof Response ? grant : show(request);
    },
  };
}

function describeStream(hub: BroadcastHub, { url }: Request): Response {
  const stream = hub.stream(nameBelow("/streams/", rawPath(url)) ?? "");
  if (stream === undefined) {
    return refuse("stream", "There is no such stream; the first publish creates one");
  }
  return Response.json(stream, { headers: { "cache-control": "no-store" } });
}

function metrics(parts: AppParts): string {
  const { hub, connections, refusedPublishers, refusals, droppedLines, memoryBytes } = parts;
  return metricsText({
    hub: hub.stats(),
    isLogUp: hub.isLogUp,
    connections: connections.stats(),
    refusedPublishers: { ...refusedPublishers },
    refusals: refusals.counts,
    droppedLines: droppedLines() ?? 0,
    memoryBytes: memoryBytes(),
  });
}
