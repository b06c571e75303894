/**
 * What a subscriber that reads on in the log gets where the log has nothing any more: what the histories
 * have up to there, and a gap.
 *
 * @module
 */

import { encodeGap } from "../wire/control_events.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { compareIds, laterId } from "../wire/ids.ts";
import type { MergedHistory } from "./merged_history.ts";
import type { Stream } from "./stream.ts";
import type { Start } from "./subscriber.ts";

/** Streams, and what is known of the log. */
export interface LogGapSource {
  readonly streams: readonly Stream[];
  readonly merged: MergedHistory;
  /** How far the hub has read the log. */
  readonly headId: string;
  /** Gives the id just before an entry's. */
  readonly idBefore: (id: string) => string;
  /** Whether the histories can't say what the subscriber has missed. */
  readonly isUncertain: boolean;
  /** The streams of which the log has lost something; `undefined` if it may be any. */
  readonly goneStreams: readonly string[] | undefined;
}

/** What comes next. */
export interface LogGapChunk {
  /** Whole events; empty if there is nothing to send. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly events: number;
  /** How many of these are gaps. */
  readonly gaps: number;
  /** The id through which the subscriber has been served with them. */
  readonly id: string;
}

/**
 * The next of what the histories have up to the id through which the log has nothing; with the last of
 * it a gap in the streams whose histories do not reach back to before that id.
 *
 * The gap stands last, but before an event with just that id: a client that is cut off in between comes
 * back with an id before the end of the gap, and is told of it then. Ask again until `id` is
 * `goneThrough`, or the log need not be read any more.
 */
export function chunkBeforeGap(
  source: LogGapSource,
  start: Start,
  goneThrough: string,
): LogGapChunk {
  const { merged, idBefore } = source;
  const gapId = merged.has(goneThrough) ? idBefore(goneThrough) : goneThrough;
  const throughId = compareIds(start.id, gapId) < 0 ? gapId : goneThrough;
  const { cursor, floors } = start;
  const through = merged.positionOf(throughId);
  const chunk = merged.chunkAfter(cursor, { through, maxBytes: MAX_CHUNK_BYTES, floors }) ??
    NOTHING;
  if (chunk.cursor !== undefined) return { ...chunk, id: merged.idAt(chunk.cursor)! };
  const names = throughId === gapId ? lackingNames(source, start, gapId) : [];
  if (names.length === 0) return { ...chunk, id: throughId };
  const gap = encoder.encode(encodeGap(names, gapId));
  const bytes = new Uint8Array(chunk.bytes.length + gap.length);
  bytes.set(chunk.bytes);
  bytes.set(gap, chunk.bytes.length);
  return { bytes, events: chunk.events + 1, gaps: chunk.gaps + 1, id: gapId };
}

/** The streams of which something up to an id may be neither in the log nor in the histories. */
function lackingNames(
  { streams, headId, isUncertain, goneStreams }: LogGapSource,
  start: Start,
  throughId: string,
): string[] {
  // What the log dropped before this hub had read it may be of any stream.
  const isBehind = compareIds(throughId, headId) > 0;
  return streams.filter((stream, i) => {
    const id = laterId(start.id, start.floorIds?.[i]);
    if (stream.isEphemeral || compareIds(id, throughId) >= 0) return false;
    if (goneStreams && !goneStreams.includes(stream.name)) return false;
    const reachesBack = compareIds(stream.history.evictedId, throughId) < 0;
    return isBehind || isUncertain || (stream.lacksAfter(id) && !reachesBack);
  }).map(({ name }) => name);
}

const encoder = new TextEncoder();
const NOTHING = { bytes: encoder.encode(), events: 0, gaps: 0, cursor: undefined };
