/**
 * What was decided about a connection: where it began, what it was not sent, and why it ended.
 *
 * @module
 */

import type { EndReason } from "../wire/event_response.ts";
import type { ClientIdentity } from "./subscriber_filter.ts";

/**
 * What was decided.
 *
 * - `opened`: the connection began after `id`. `lastEventId` is the client's own id, if it had one.
 * - `behind`: the client was slow. Through `id` it had everything; later events had to wait.
 * - `current`: it was sent everything, through `id`.
 * - `gap`: events of `streams` after `afterId` and through `id` were no longer kept.
 * - `skipped`: events of `streams` after `afterId` and through `id` were left out, since a newer event
 *   takes their place (policy `latest`).
 * - `reset`: the log began anew, or the client's id was not of the log; it goes on after `id`.
 * - `ended`: the connection ended for `reason`. Through `id` it had been sent everything.
 */
export type DecisionName =
  | "opened"
  | "behind"
  | "current"
  | "gap"
  | "skipped"
  | "reset"
  | "ended";

/** A decision about a connection. */
export interface Decision {
  /** What was decided. */
  readonly what: DecisionName;
  /** When, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The id that the decision is about. */
  readonly id: string;
  /** The id after which events are missing; only of `gap` and `skipped`. */
  readonly afterId?: string;
  /**
   * The streams of the missing events; only of `gap` and `skipped`. A pattern stands for some streams that
   * it covers, which are forgotten or too many to be named.
   */
  readonly streams?: readonly string[];
  /** The id that the client sent; only of `opened`, if it sent one. */
  readonly lastEventId?: string;
  /** Why the connection ended; only of `ended`. */
  readonly reason?: EndReason | "denied";
}

/** The trace of one connection. */
export interface Trace {
  /** The id of the connection. */
  readonly id: string;
  /** The client, as far as it is known. */
  readonly client: ClientIdentity;
  /** The names of the streams, and the patterns, sorted. */
  readonly streams: readonly string[];
  /** The newest decisions, at most 32, the oldest first; `opened` is always among them. */
  readonly decisions: readonly Decision[];
}

/** No decisions: what every connection begins with. */
export const NONE: readonly Decision[] = [];
