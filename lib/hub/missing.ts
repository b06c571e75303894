/**
 * What a subscriber is not sent because it is evicted or gone, and how its trace tells that.
 *
 * @module
 */

import { laterId } from "../wire/ids.ts";
import type { Members } from "./members.ts";
import type { Decision } from "./trace.ts";

/** Events of one stream that a subscriber is not sent. */
export interface Missing {
  /** Whether the subscriber gets a gap, or a newer event takes their place: see `DecisionName`. */
  readonly what: "gap" | "skipped";
  /** The name of the stream; or a pattern, if the events may be of any stream that the pattern covers. */
  readonly name: string;
  /** The id through which events are missing. */
  readonly throughId: string;
}

/** Nothing is missing. */
export const NOTHING_MISSING: readonly Missing[] = [];

/**
 * Describes what a subscriber was not sent for its trace, which is small: of many streams, only the
 * patterns that cover them are named.
 *
 * @param ids Through `afterId`, the subscriber was sent everything; `headId` is the newest id of the hub.
 */
export function missingDecisions(
  missing: readonly Missing[],
  members: Members,
  { afterId, headId }: { readonly afterId: string; readonly headId: string },
): Decision[] {
  const timeMs = Date.now();
  const isLong = missing.length > MAX_NAMES;
  const groups = Map.groupBy(missing, ({ what, throughId }) => isLong ? what : what + throughId);
  return [...groups.values()].map((group) => {
    const { what } = group[0]!;
    const lastId = group.reduce((id, { throughId }) => laterId(id, throughId), "");
    return {
      what,
      timeMs,
      afterId,
      // Of streams that are not named, all events but the newest of each are skipped.
      id: isLong && what === "skipped" ? headId : lastId,
      streams: [...new Set(group.map(({ name }) => isLong ? members.nameFor(name) : name))],
    };
  });
}

/** What the newest of the gaps has settled; `undefined` without a gap. An earlier gap covers less. */
export function settledBy(
  missing: readonly Missing[],
): { readonly id: string; readonly streams: readonly string[] } | undefined {
  if (missing.length === 0) return undefined;
  const gaps = missing.filter(({ what }) => what === "gap");
  const id = gaps.reduce((id, { throughId }) => laterId(id, throughId), "");
  const newest = gaps.filter(({ throughId }) => throughId === id);
  return newest.length > 0 ? { id, streams: newest.map(({ name }) => name) } : undefined;
}

const MAX_NAMES = 32;
