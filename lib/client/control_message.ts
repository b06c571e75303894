/**
 * Telling a hub's control events from an application's events with the same names.
 *
 * @module
 */

import type { ControlEvent } from "../wire/control_events.ts";
import type { ParsedEvent } from "../wire/event_parser.ts";

/** What the data of a control event has. */
export interface ControlData {
  /** Of `gap`, `reset` and `ended`. */
  readonly streams?: readonly string[];
  /** Of `hello`: the longest silence to expect. */
  readonly heartbeatSeconds?: number;
  /** Of `goaway`. */
  readonly reason?: string;
}

/** Returns the data of a control event; `undefined` for another event, and for another server's. */
export function controlData({ event, data }: ParsedEvent): ControlData | undefined {
  const field = FIELDS[event as ControlEvent];
  try {
    const value = field && JSON.parse(data);
    return value?.[field] === undefined ? undefined : value;
  } catch {
    return undefined; // It is not JSON, so it is not a hub's.
  }
}

/** A field that the data of each control event has; every object has a constructor. */
const FIELDS: Readonly<Record<ControlEvent, string>> = {
  hello: "heartbeatSeconds",
  gap: "streams",
  reset: "streams",
  ended: "streams",
  goaway: "reason",
  expired: "constructor",
  cursor: "constructor",
  heartbeat: "constructor",
};
