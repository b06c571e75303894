/**
 * The server's health: the probes `/healthz` and `/readyz`, and its details for an operator.
 *
 * @module
 */

import { searchParams } from "../wire/search_params.ts";
import type { AppParts } from "./app_parts.ts";
import { jsonAnswer } from "./json_answer.ts";
import { plainText } from "./plain_text.ts";
import { refuse } from "./refusal.ts";
import type { Route } from "./router.ts";
import { runtimeName, VERSION } from "./version.ts";

/** What the probes tell of. */
export type HealthContext = Pick<AppParts, "isStopping"> & {
  /** The hub whose event log may be unreachable. */
  readonly hub: Pick<AppParts["hub"], "isLogUp">;
};

/**
 * Answers 200 for as long as the process runs. With `?details=true`, whoever may read `figures` gets
 * JSON.
 */
export function healthRoute(parts: AppParts): Route {
  return {
    async GET(request) {
      const details = searchParams(request).getAll("details");
      if (details.length === 0) return plainText(200, "ok\n");
      if (details.join() !== "true") {
        return refuse("parameter", "Use /healthz, or /healthz?details=true with a token");
      }
      const grant = await parts.authorize(request, "figures", []);
      if (grant instanceof Response) return grant;
      return jsonAnswer(healthDetails(parts));
    },
  };
}

/**
 * Answers 503 while the server is stopping or its event log is unreachable; with `?for=subscribe` only
 * while the server is stopping, since subscribers are served without the log.
 */
export function readinessRoute({ hub, isStopping }: HealthContext): Route {
  return {
    GET(request) {
      const purposes = searchParams(request).getAll("for");
      if (purposes.some((purpose) => purpose !== "subscribe")) {
        return refuse("parameter", UNKNOWN_PURPOSE);
      }
      if (isStopping()) return plainText(503, "stopping\n");
      return hub.isLogUp || purposes.length > 0
        ? plainText(200, "ok\n")
        : plainText(503, "the event log's store is unreachable\n");
    },
  };
}

const UNKNOWN_PURPOSE =
  "Use /readyz for all clients, or /readyz?for=subscribe for subscribers alone";

/** The details: what runs, what it is short of, and how near its limits are. */
function healthDetails(parts: AppParts): unknown {
  const { config, hub, connections, jwt, startedMs } = parts;
  const { streams, subscribers, historyBytes } = hub.stats();
  const keys = jwt?.source?.stats();
  return {
    status: parts.isStopping() ? "stopping" : hub.isLogUp ? "ok" : "log unreachable",
    version: VERSION,
    runtime: runtimeName(),
    uptimeSeconds: Math.floor((performance.now() - startedMs) / 1_000),
    eventLog: config.eventLog,
    isLogUp: hub.isLogUp,
    connections: { open: connections.size, max: config.maxConnections },
    subscribers,
    streams: { open: streams, max: config.streams?.length ?? config.maxStreams },
    historyBytes: { used: historyBytes, max: config.historyTotalBytes },
    residentBytes: parts.processStats().residentBytes ?? null,
    jwks: keys === undefined
      ? null
      : { keys: keys.keys, ageSeconds: keys.ageMs === undefined ? null : keys.ageMs / 1_000 },
  };
}
