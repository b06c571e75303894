/**
 * Control events: events of reserved types that tell a client about its connection. Their names and text.
 *
 * @module
 */

import { encodeEvent } from "./event.ts";

/** The types of the control events. */
export const controlEvents = ["hello", "gap", "reset", "ended", "goaway", "expired"] as const;

/** The type of a control event. */
export type ControlEvent = typeof controlEvents[number];

/**
 * The types that nobody may publish: the types of control events, and `open` and `error`, which an
 * `EventSource` fires itself.
 */
export const reservedTypes: ReadonlySet<string> = new Set([...controlEvents, "open", "error"]);

/**
 * Why a client is sent away.
 *
 * - `draining`: the server stops.
 * - `overloaded`: there are too many connections, or too many that read an event log.
 * - `unavailable`: the event log can't be reached.
 * - `slow`: more waited for the client than is kept for it.
 * - `stalled`: the client took nothing for too long.
 * - `failed`: the server failed to send.
 * - `removed`: the application or its operator ended the connection.
 * - `renew`: the connection has lasted for as long as one may.
 */
export type GoawayReason =
  | "draining"
  | "overloaded"
  | "unavailable"
  | "slow"
  | "stalled"
  | "failed"
  | "removed"
  | "renew";

/** Encodes `hello`: the id from which a subscriber goes on, and how long silence may last. */
export function encodeHello(id: string, heartbeatMs: number): string {
  const data = JSON.stringify({ heartbeatSeconds: heartbeatMs / 1_000 });
  return encodeEvent({ event: "hello" satisfies ControlEvent, id, data });
}

/** Encodes `gap`: events of these streams through an id are missing. */
export function encodeGap(streams: readonly string[], id: string): string {
  return encodeLoss("gap", streams, id);
}

/**
 * Encodes `reset`: the client's id means nothing here.
 *
 * @param id The id after which the client goes on. Left out if `hello` follows with the id: then a client
 * whose connection breaks between the two reconnects with its old id and gets the `reset` again.
 */
export function encodeReset(streams: readonly string[], id?: string): string {
  return encodeLoss("reset", streams, id);
}

/**
 * Encodes `ended`: these streams, all that the client has subscribed to, will have no more events. A
 * client that reconnects all the same does so after a minute.
 *
 * @param id The id through which the client has everything.
 */
export function encodeEnded(streams: readonly string[], id: string): string {
  const data = JSON.stringify({ streams });
  return encodeEvent({ event: "ended" satisfies ControlEvent, retry: ENDED_RETRY_MS, data, id });
}

/**
 * Encodes `goaway`: the connection ends here, and the client reconnects.
 *
 * @param retryMs After how many milliseconds it reconnects.
 */
export function encodeGoaway(reason: GoawayReason, retryMs: number): string {
  const data = JSON.stringify({ reason });
  return encodeEvent({ event: "goaway" satisfies ControlEvent, retry: retryMs, data });
}

/** Encodes `expired`: the connection was allowed until now. */
export function encodeExpired(): string {
  return encodeEvent({ event: "expired" satisfies ControlEvent, data: "{}" });
}

function encodeLoss(
  event: ControlEvent,
  streams: readonly string[],
  id: string | undefined,
): string {
  const data = JSON.stringify({ streams });
  return encodeEvent({ event, data, ...id !== undefined && { id } });
}

const ENDED_RETRY_MS = 60_000;
