/**
 * The probes of the server's health: `/healthz` and `/readyz`.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import { searchParams } from "../wire/search_params.ts";
import { plainText } from "./plain_text.ts";
import { refuse } from "./refusal.ts";
import type { Route } from "./router.ts";

/** What the probes report. */
export interface HealthContext {
  /** The hub whose event log may be unreachable. */
  readonly hub: Pick<BroadcastHub, "isLogUp">;
  /** Whether the server is stopping. */
  readonly isStopping: () => boolean;
}

/** Answers 200 for as long as the process runs. */
export function healthRoute(): Route {
  return { GET: () => plainText(200, "ok\n") };
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
