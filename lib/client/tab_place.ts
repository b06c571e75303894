/**
 * The places of tabs in a stream: ids, compared within one epoch, and what two connections have in common.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import { compareIds } from "../wire/ids.ts";

/** Whether an id comes before another one of the same epoch. Without an epoch none does. */
export function isBefore(id: string, other: string): boolean {
  return epochOf(id) !== "" && epochOf(id) === epochOf(other) && compareIds(id, other) < 0;
}

/** Returns the epoch of a hub's id; `""` for `""`, and for the ids of other servers. */
export function epochOf(id: string): string {
  return id.slice(0, id.lastIndexOf("-") + 1);
}

/**
 * Returns the id through which a connection has brought everything, once it has brought an event; `""`
 * after a `reset`, until the connection says where it goes on: whoever has an id from before lacks the
 * `reset`.
 */
export function placeAfter(id: string, { event, lastEventId }: ParsedEvent): string {
  if (event === "reset") return "";
  // The id of a `hello` may be later than the last event.
  return event === "hello" && epochOf(id) !== "" && epochOf(id) === epochOf(lastEventId)
    ? id
    : lastEventId;
}

/** Returns an event as a tab has to take it; `undefined` if the tab has it already. */
export type Overlap = (event: ParsedEvent) => ParsedEvent | undefined;

/**
 * Makes an {@linkcode Overlap}, used where a tab changes from one connection to another one, which may
 * begin before the tab's place.
 *
 * @param place Returns the id of the last event that the tab has.
 */
export function overlap(place: () => string): Overlap {
  let isOverlap = true;
  let before: string | undefined;
  return (event) => {
    const id = event.lastEventId;
    const hasNoId = id === (before ?? id);
    before = id;
    isOverlap &&= event.event !== "reset" && (id === place() || isBefore(id, place()));
    if (!isOverlap) return event;
    // The gap of a pattern may concern events after the tab's place, which it must not move back.
    return event.event === "gap" && hasNoId ? { ...event, lastEventId: place() } : undefined;
  };
}
