/**
 * Every route of the server, by its path.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import type { AppParts } from "./app_parts.ts";
import type { Authorize } from "./authorize.ts";
import type { Config } from "./config.ts";
import { connectionRoutes } from "./connection_routes.ts";
import { explainRoutes } from "./explain_route.ts";
import { healthRoute, readinessRoute } from "./health.ts";
import { jsonAnswer } from "./json_answer.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { plainText } from "./plain_text.ts";
import { eventsRoute, headRoute } from "./read_back.ts";
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
    ["/events", eventsRoute(parts)],
    ["/head", headRoute(parts)],
    ["/streams", figuresRoute(authorize, (request) => listStreams(hub, request))],
    ["/streams/*", figuresRoute(authorize, (request) => describeStream(hub, request))],
    ["/metrics", figuresRoute(authorize, () => plainText(200, metrics(parts), METRICS_TYPE))],
    ...connectionRoutes(parts),
    ...explainRoutes(parts),
    ["/session", parts.sessions.route],
    ["/console/events", parts.console.route],
    ["/console/instances", parts.console.instancesRoute],
    ["/healthz", healthRoute(parts)],
    ["/readyz", readinessRoute(parts)],
  ]);
}

/** A route that shows an operator, or a program of the operator, figures of the server. */
function figuresRoute(authorize: Authorize, show: (request: Request) => Response): Route {
  return {
    async GET(request) {
      const grant = await authorize(request, "figures", []);
      return grant instanceof Response ? grant : show(request);
    },
  };
}

function describeStream(hub: BroadcastHub, { url }: Request): Response {
  const stream = hub.stream(nameBelow("/streams/", rawPath(url)) ?? "");
  if (stream === undefined) {
    return refuse("stream", "There is no such stream; the first publish creates one");
  }
  return jsonAnswer(stream);
}

function metrics(parts: AppParts): string {
  const { hub, connections, refusedPublishers, refusals, droppedLines } = parts;
  return metricsText({
    hub: hub.stats(),
    isLogUp: hub.isLogUp,
    connections: connections.stats(),
    ingests: parts.ingests.size,
    refusedPublishers: { ...refusedPublishers },
    refusals: refusals.counts,
    droppedLines: droppedLines() ?? 0,
    processStats: parts.processStats(),
    jwks: parts.jwt?.source?.stats(),
    limits: limitsOf(parts.config),
  });
}

/** The limits of a configuration that are on. */
function limitsOf(config: Config): Readonly<Record<string, number>> {
  const limits = {
    max_connections: config.maxConnections,
    max_connections_per_address: config.maxConnectionsPerAddress,
    max_streams: config.streams?.length ?? config.maxStreams,
    max_event_bytes: config.maxEventBytes,
    history_total_bytes: config.historyTotalBytes,
    publish_rate: config.publishRate,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit > 0));
}
