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
  if (!Object.hasOwn(FIELDS, event)) return undefined;
  try {
    const value = JSON.parse(data);
    const field = FIELDS[event as ControlEvent];
    return field === undefined || value[field] !== undefined ? value : undefined;
  } catch {
    // It is not JSON, so it is not a hub's.
    return undefined;
  }
}

const FIELDS: Readonly<Record<ControlEvent, keyof ControlData | undefined>> = {
  hello: "heartbeatSeconds",
  gap: "streams",
  reset: "streams",
  ended: "streams",
  goaway: "reason",
  expired: undefined,
};
