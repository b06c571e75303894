/**
 * Which entries of a log count. A hub that takes entries as they come and a subscriber that reads the log
 * ask the same two questions, so that both see the same events.
 *
 * @module
 */

import { compareIds } from "../wire/ids.ts";
import type { LogEntry } from "./event_log.ts";

/** What a hub knows of a stream. */
export interface KnownStream {
  /** Whether its events are not in the log here. */
  readonly isEphemeral: boolean;
  /** The id of the event that was published with a key, if the event is kept. */
  idOfKey(key: string | undefined): string | undefined;
}

/**
 * Returns the id of a stream's end after an entry of the stream: an end stands until an entry begins the
 * stream anew.
 *
 * @param endId The id of the stream's end before the entry; `undefined` if the stream has not ended.
 */
export function endAfter(endId: string | undefined, entry: LogEntry): string | undefined {
  if (endId !== undefined && !beginsAnew(endId, entry)) return endId;
  return entry.event ? undefined : entry.id;
}

/**
 * Whether the event of an entry counts. No event counts after the end of its stream, or in a stream that
 * is ephemeral here; nor does a second event with a key.
 *
 * @param endId The id of the stream's end after the entry: see {@linkcode endAfter}.
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

/** Whether an entry begins a stream anew that has ended: its publisher's hub had seen that end. */
function beginsAnew(endId: string, { isFirst, seenId }: LogEntry): boolean {
  return isFirst && (seenId === undefined || compareIds(endId, seenId) <= 0);
}
