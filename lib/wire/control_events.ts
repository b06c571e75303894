/**
 * Control events: events of reserved types that tell a client about its connection. Their names and text.
 *
 * @module
 */

import { encodeEvent } from "./event.ts";

/** The types of the control events. */
export const controlEvents = ["hello", "gap", "reset", "expired"] as const;

/** The type of a control event. */
export type ControlEvent = typeof controlEvents[number];

/**
 * The types that nobody may publish: the types of control events, and `open` and `error`, which an
 * `EventSource` fires itself.
 */
export const reservedTypes: ReadonlySet<string> = new Set([...controlEvents, "open", "error"]);

/** Encodes `hello`: the id after which a subscriber starts, and the interval between heartbeats. */
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

/** Encodes `expired`: the connection's time is over. */
export function encodeExpired(): string {
  return encodeEvent({ event: "expired" satisfies ControlEvent, data: "{}" });
}

/**
 * Encodes a `retry` of 5 to 15 seconds, chosen at random, so that clients don't reconnect all at once
 * after their connections have ended.
 */
export function encodeRetryLater(): string {
  return encodeEvent({ retry: 5_000 + Math.floor(Math.random() * 10_000) });
}

function encodeLoss(
  event: ControlEvent,
  streams: readonly string[],
  id: string | undefined,
): string {
  const data = JSON.stringify({ streams });
  return encodeEvent({ event, data, ...id !== undefined && { id } });
}
