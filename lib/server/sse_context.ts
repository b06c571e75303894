/**
 * What the handlers of the route `/sse` share.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import type { EventWriter } from "../wire/event_writer.ts";
import type { Authorize } from "./authorize.ts";
import type { Config } from "./config.ts";
import type { Connections } from "./connections.ts";
import type { RequestInfo } from "./router.ts";

/** Refused publishes by reason. */
export interface RefusedPublishers {
  /** Over `PUBLISH_RATE`. */
  rate: number;
  /** Over `MAX_STREAMS`. */
  maxStreams: number;
  /** While the server is stopping. */
  stopping: number;
  /** While the event log is unreachable. */
  logAway: number;
}

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
  /** Functions that end the streamed publishes that are open. */
  readonly ingests: Set<() => void>;
  /** Finds the client's address. */
  readonly addressOf: (request: Request, info: RequestInfo) => string;
  /** Refused publishes by reason; the route counts them. */
  readonly refusedPublishers: RefusedPublishers;
  /** Whether some credential permits to publish; without one, every publish is refused. */
  readonly canPublish: boolean;
  /** Returns the `retry` of a `goaway` of a stopping server, in milliseconds. */
  readonly goawayRetryMs: () => number;
  /** Whether the server is stopping. */
  readonly isStopping: () => boolean;
  /** Gets what a per-connection stream's source throws. */
  readonly onError: (error: unknown) => void;
}
