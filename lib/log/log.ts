/**
 * The seam behind a hub: where events are ordered and kept.
 *
 * @module
 */

import type { ServerSentEvent } from "../event.ts";

/** An event as a log hands it to its hub. */
export interface LogEntry {
  /** The stream it was published to. */
  readonly stream: string;
  /** The event as it was published, its `id` the publisher's. */
  readonly event: ServerSentEvent;
}

/**
 * What a hub asks of a log.
 *
 * - Every event appended comes back through `deliver`, those appended here like those from elsewhere,
 *   and in one order for all who deliver from it.
 * - The events of one `append()` are delivered one behind the other, before it returns.
 * - When `append()` has resolved, they are as durable as the log makes them.
 */
export interface EventLog {
  /**
   * What sets this log's ids apart from those of any other, an earlier start of the same one
   * included if that has lost its events: lower-case letters and digits.
   */
  readonly epoch: string;
  /** Begins to deliver. Called once, by the hub, before anything is appended. */
  open(deliver: (entries: readonly LogEntry[]) => void): void;
  /** Orders and keeps events. Bad events have been refused before. */
  append(stream: string, events: readonly ServerSentEvent[]): Promise<void>;
  /** Ends delivering, and resolves when nothing is left to wait for. May be called twice. */
  close(): Promise<void>;
}
