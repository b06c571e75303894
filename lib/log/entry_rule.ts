/**
 * Which entries of a log count, and which event a client gets for an entry. Live delivery and reading the
 * log both use these functions, so that both give the same events.
 *
 * @module
 */

import { reservedTypes } from "../wire/control_events.ts";
import type { ServerSentEvent } from "../wire/event.ts";
import { compareIds } from "../wire/ids.ts";
import type { LogEntry } from "./event_log.ts";

/** What a hub knows about a stream. */
export interface KnownStream {
  /** Whether the stream is ephemeral on this instance: its events are not in the log. */
  readonly isEphemeral: boolean;
  /** Returns the id of the event with a key; `undefined` if the hub keeps no such event. */
  idOfKey(key: string | undefined): string | undefined;
}

/**
 * Returns the id of a stream's end once an entry has been processed. An end holds until an entry begins
 * the stream anew.
 *
 * @param endId The id of the stream's end before the entry; `undefined` if the stream had not ended.
 */
export function endAfter(endId: string | undefined, entry: LogEntry): string | undefined {
  if (endId !== undefined && !beginsAnew(endId, entry)) return endId;
  return entry.event ? undefined : entry.id;
}

/**
 * Whether the event of an entry counts. An event does not count after the end of its stream, in a stream
 * that is ephemeral on this instance, or if an earlier event has the same key.
 *
 * @param endId The id of the stream's end, as {@linkcode endAfter} returns it for this entry.
 */
export function isCounted(
  { id, event, isUnique }: LogEntry,
  endId: string | undefined,
  stream: KnownStream,
): boolean {
  if (!event || endId !== undefined || stream.isEphemeral) return false;
  if (isUnique || !event.id) return true;
  const firstId = stream.idOfKey(event.id);
  return firstId === undefined || compareIds(firstId, id) >= 0;
}

/**
 * Returns the event that clients get for an entry's event. A type that has become reserved after the event
 * was published is delivered as `app:<type>`.
 */
export function deliveredEvent(event: ServerSentEvent): ServerSentEvent {
  const { event: type } = event;
  return type && reservedTypes.has(type) ? { ...event, event: `app:${type}` } : event;
}

/** Whether an entry begins its ended stream anew: the publishing hub must have seen the end. */
function beginsAnew(endId: string, { isFirst, seenId }: LogEntry): boolean {
  return isFirst && (seenId === undefined || compareIds(endId, seenId) <= 0);
}
