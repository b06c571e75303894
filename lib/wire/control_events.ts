/**
 * Control events: events of reserved types that tell a client about its connection. Their names and text.
 *
 * @module
 */

import { encodeEvent } from "./event.ts";

/** The types of the control events. */
export const controlEvents = [
  "hello",
  "gap",
  "reset",
  "ended",
  "goaway",
  "expired",
  "cursor",
  "heartbeat",
] as const;

/** The type of a control event. */
export type ControlEvent = typeof controlEvents[number];

/**
 * The types that nobody may publish: the types of control events, and `open` and `error`, which an
 * `EventSource` fires itself.
 */
export const reservedTypes: ReadonlySet<string> = new Set([...controlEvents, "open", "error"]);

/** Which control events a client gets: `all`, or `none`. */
export type Control = "all" | "none";

/**
 * Checks which control events a client is to get.
 *
 * @param action What the caller was about to do, for the error's text: "answer".
 * @throws {RangeError} If `control` is not a {@linkcode Control}.
 */
export function checkControl(action: string, control: Control | undefined): void {
  if (control === undefined || control === "all" || control === "none") return;
  throw new RangeError(
    `Cannot ${action}: control must be "all" or "none", got ${JSON.stringify(control)}`,
  );
}

/**
 * Why a connection ends although its client is to reconnect.
 *
 * - `draining`: the server is stopping.
 * - `overloaded`: there are too many connections, or too many reads of the event log.
 * - `unavailable`: the event log is unreachable.
 * - `slow`: the client fell behind by more bytes or events than are kept for it.
 * - `stalled`: the client took no waiting bytes for too long.
 * - `failed`: the server failed to send.
 * - `removed`: the application or its operator ended the connection.
 * - `renew`: the connection has reached its greatest age.
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

/** Encodes `hello`: the id after which a subscriber starts, and the interval between heartbeats. */
export function encodeHello(id: string, heartbeatMs: number): string {
  const data = JSON.stringify({ heartbeatSeconds: heartbeatMs / 1_000 });
  return encodeEvent({ event: "hello" satisfies ControlEvent, id, data });
}

/**
 * Encodes `gap`: events of these streams are missing.
 *
 * @param streams Names, and patterns if events of any stream that they cover may be missing.
 * @param id The id through which events are missing. Left out if other events through that id follow: the
 * client then gets the gap again if it resumes before it has them.
 */
export function encodeGap(streams: readonly string[], id?: string): string {
  return encodeLoss("gap", streams, id);
}

/**
 * Encodes `reset`: the client's id means nothing here.
 *
 * @param id The id after which the client goes on. Left out if `hello` follows, which has the id: a client
 * whose connection breaks between the two events keeps its old id, and gets the `reset` again.
 */
export function encodeReset(streams: readonly string[], id?: string): string {
  return encodeLoss("reset", streams, id);
}

/**
 * Encodes `ended`: the streams of the subscription have ended, and the client has every event. Its `retry`
 * of a minute is for clients that reconnect after `ended`.
 *
 * @param streams All streams of the subscription.
 * @param id The id through which the client has every event.
 */
export function encodeEnded(streams: readonly string[], id: string): string {
  const data = JSON.stringify({ streams });
  return encodeEvent({ event: "ended" satisfies ControlEvent, retry: ENDED_RETRY_MS, data, id });
}

/**
 * Encodes `goaway`: the connection ends, and the client is to reconnect.
 *
 * @param retryMs How long the client waits before it reconnects, in milliseconds.
 */
export function encodeGoaway(reason: GoawayReason, retryMs: number): string {
  const data = JSON.stringify({ reason });
  return encodeEvent({ event: "goaway" satisfies ControlEvent, retry: retryMs, data });
}

/** Encodes `cursor`: the client has every event that it asked for through an id. */
export function encodeCursor(id: string): string {
  return encodeEvent({ event: "cursor" satisfies ControlEvent, data: "{}", id });
}

/** Encodes `heartbeat`, for clients that don't see comments. */
export function encodeHeartbeat(): string {
  return encodeEvent({ event: "heartbeat" satisfies ControlEvent, data: "{}" });
}

/** Encodes `expired`: the connection's time is over. */
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

/** The `retry` of a client that has every event of ended streams, in milliseconds. */
export const ENDED_RETRY_MS = 60_000;
