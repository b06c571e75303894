/**
 * What a subscriber that reads the log gets where entries are gone: the events that the histories still
 * have, and a gap.
 *
 * @module
 */

import { encodeGap } from "../wire/control_events.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { compareIds, laterId } from "../wire/ids.ts";
import type { Members } from "./members.ts";
import type { MergedHistory } from "./merged_history.ts";
import type { Missing } from "./missing.ts";
import { withoutCovered } from "../wire/stream_name.ts";
import type { Start } from "./subscriber.ts";

/** The subscriber's streams, and what the hub knows of the log. */
export interface LogGapSource {
  readonly members: Members;
  /** The histories of the streams, read as one. */
  readonly merged: MergedHistory;
  /** Whether the subscriber gets gaps. */
  readonly hasGaps: boolean;
  /** The id of the newest entry that the log has delivered to this hub. */
  readonly headId: string;
  /** Returns the id just before an entry's id. */
  readonly idBefore: (id: string) => string;
  /** Whether only the log knows every event after the subscriber's id: see `EventLog.isUncertain()`. */
  readonly isUncertain: boolean;
  /** The streams whose entries are gone; `undefined` if they may be of any stream. */
  readonly goneStreams: readonly string[] | undefined;
  /** Whether the subscriber needs no gap for the events of a stream that are gone: see `Settled`. */
  readonly isSettled: (stream: string) => boolean;
}

/** The next events for a subscriber, encoded. */
export interface LogGapChunk {
  /** Whole events; empty if there is nothing to send. */
  readonly bytes: Uint8Array;
  /** See `Chunk.isLastLeftOut`. */
  readonly isLastLeftOut: boolean | undefined;
  /** How many events the bytes hold, gaps included. */
  readonly events: number;
  /** How many of the events are gaps. */
  readonly gaps: number;
  /** With this chunk, the subscriber has everything through this id. */
  readonly id: string;
  /** What the subscriber is not sent, because it is evicted or gone. */
  readonly missing: readonly Missing[];
}

/**
 * Returns the next chunk of the histories through `goneThrough`, the id through which entries are gone.
 * The last chunk ends with a gap that names the streams whose histories don't reach back that far.
 *
 * The gap comes last, but before an event with exactly that id: a client whose connection breaks before
 * the gap has an id before the end of the gap, so it gets the gap when it resumes. Call this function
 * again until `id` is `goneThrough`, or until the histories suffice.
 */
export function chunkBeforeGap(
  source: LogGapSource,
  start: Start,
  goneThrough: string,
): LogGapChunk {
  const { merged, idBefore } = source;
  const gapId = merged.has(goneThrough) ? idBefore(goneThrough) : goneThrough;
  const throughId = compareIds(start.id, gapId) < 0 ? gapId : goneThrough;
  const { cursor, floors, told } = start;
  const through = merged.positionOf(throughId);
  const chunk = merged.chunkAfter(cursor, { through, maxBytes: MAX_CHUNK_BYTES, floors, told }) ??
    NOTHING;
  if (chunk.cursor !== undefined) return { ...chunk, id: merged.idAt(chunk.cursor)! };
  const names = throughId === gapId ? lackingNames(source, start, gapId) : [];
  if (names.length === 0) return { ...chunk, id: throughId };
  const missing = [
    ...chunk.missing,
    ...names.map((name) => ({ what: "gap", name, throughId: gapId } as const)),
  ];
  if (!source.hasGaps) return { ...chunk, isLastLeftOut: true, id: gapId, missing };
  const gap = encoder.encode(encodeGap(names, gapId));
  const bytes = new Uint8Array(chunk.bytes.length + gap.length);
  bytes.set(chunk.bytes);
  bytes.set(gap, chunk.bytes.length);
  const { events, gaps } = chunk;
  return {
    bytes,
    events: events + 1,
    gaps: gaps + 1,
    isLastLeftOut: false,
    id: gapId,
    missing,
  };
}

/** Returns the streams with events through an id that may be neither in the log nor in the histories. */
function lackingNames(
  { members, headId, isUncertain, goneStreams, isSettled }: LogGapSource,
  start: Start,
  throughId: string,
): readonly string[] {
  // Entries that are gone before this hub has read them may be of any stream.
  const isBehind = compareIds(throughId, headId) > 0;
  const names = members.changedAfterId(start.id).members.filter((member) => {
    const { stream: { name, history, isEphemeral } } = member;
    const id = laterId(start.id, members.floorIdOf(member, start.floorIds));
    if (isEphemeral || compareIds(id, throughId) >= 0) return false;
    if (goneStreams && !members.isAmong(name, goneStreams) || isSettled(name)) return false;
    const reachesBack = compareIds(history.evictedId, throughId) < 0;
    return isBehind || isUncertain || (member.lacksAfter(id) && !reachesBack);
  }).map(({ stream }) => stream.name);
  return withoutCovered(names);
}

const encoder = new TextEncoder();
const NOTHING = {
  bytes: encoder.encode(),
  events: 0,
  gaps: 0,
  isLastLeftOut: undefined,
  cursor: undefined,
  told: -1,
  missing: [],
};
