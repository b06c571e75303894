/**
 * Control events: what a server tells a client of its connection, as events of reserved types. Their
 * names and their text.
 *
 * @module
 */

import { encodeEvent } from "./event.ts";

/** The types of the control events. */
export const controlEvents = ["hello", "gap", "reset", "expired"] as const;

/** A type of control event. */
export type ControlEvent = typeof controlEvents[number];

/**
 * The types that nobody may publish: those of control events, and the two that an `EventSource` fires
 * by itself.
 */
export const reservedTypes: ReadonlySet<string> = new Set([...controlEvents, "open", "error"]);

/** Encodes `hello`: the id from which a subscriber goes on, and how long silence may last. */
export function encodeHello(id: string, heartbeatMs: number): string {
  const data = JSON.stringify({ heartbeatSeconds: heartbeatMs / 1_000 });
  return encodeEvent({ event: "hello" satisfies ControlEvent, id, data });
}

/** Encodes `gap`: events of these streams up to an id are missing. */
export function encodeGap(streams: readonly string[], id: string): string {
  return encodeLoss("gap", streams, id);
}

/**
 * Encodes `reset`: the id that a client brought means nothing here.
 *
 * @param id The id from which the client goes on instead. Left out where `hello` follows, which carries
 * the id: a client that is cut off between the two reconnects with its old id, and is told again.
 */
export function encodeReset(streams: readonly string[], id?: string): string {
  return encodeLoss("reset", streams, id);
}

/** Encodes `expired`: the connection was allowed until now. */
export function encodeExpired(): string {
  return encodeEvent({ event: "expired" satisfies ControlEvent, data: "{}" });
}

/**
 * Encodes what has a client reconnect in 5 to 15 seconds once its connection has ended, each client at
 * a moment of its own.
 */
export function encodeRetryLater(): string {
  return encodeEvent({ retry: 5_000 + Math.floor(Math.random() * 10_000) });
}

// The id comes last: some clients take an id where its line ends, even of an event that is then cut off.
function encodeLoss(
  event: ControlEvent,
  streams: readonly string[],
  id: string | undefined,
): string {
  const text = encodeEvent({ event, data: JSON.stringify({ streams }) });
  return id === undefined ? text : `${text.slice(0, -1)}id: ${id}\n\n`;
}
