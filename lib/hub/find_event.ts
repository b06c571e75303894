/**
 * Finds an event by its id, in the histories or in the log.
 *
 * @module
 */

import type { EventLog } from "../log/event_log.ts";
import { compareIds } from "../wire/ids.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Where events are kept. */
export interface EventPlaces {
  readonly streams: Streams;
  readonly log: EventLog;
  /** Returns the time by the hub's clock, in milliseconds. */
  readonly now: () => number;
}

/** The place of an event in a history. */
export interface Kept {
  readonly stream: Stream;
  readonly position: number;
}

/** An event that is kept. */
export interface Found {
  readonly stream: string;
  readonly type: string;
  /** Where the event is kept in memory, if it is. */
  readonly kept?: Kept;
  readonly publishedMs: number;
}

/** Finds an event in a history or in the log. */
export async function findEvent(id: string, source: EventPlaces): Promise<Found | undefined> {
  const { streams, log } = source;
  if (!log.hasId(id)) return undefined;
  for (const [i, stream] of streams.lasting().entries()) {
    // The search of thousands of histories must not hold up deliveries.
    if (i % STREAMS_A_TURN === STREAMS_A_TURN - 1) await new Promise((go) => setTimeout(go));
    const found = findInHistory(id, stream, source);
    if (found) return found;
  }
  if (!log.read || !log.idBefore) return undefined;
  try {
    const { entries } = await log.read(log.idBefore(id));
    const entry = entries.find((entry) => entry.id === id);
    if (!entry?.event) return undefined;
    const { stream, event, ageMs } = entry;
    return { stream, type: event.event || "message", publishedMs: Math.round(Date.now() - ageMs) };
  } catch {
    // The log reports its own outages; without it, the event is one that is not kept.
    return undefined;
  }
}

/** Finds the id of a kept event by the key that its publisher gave it. */
export function idOfKey(key: string, { streams }: EventPlaces): string | undefined {
  if (key === "") return undefined;
  for (const stream of streams.lasting()) {
    const id = stream.idOfKey(key);
    if (id !== undefined) return id;
  }
  return undefined;
}

const STREAMS_A_TURN = 250;

function findInHistory(
  id: string,
  stream: Stream,
  { now }: EventPlaces,
): Found | undefined {
  const { name, history } = stream;
  if (compareIds(history.evictedId, id) >= 0) return undefined;
  const position = history.positionOf(id);
  if (history.idOf(position) !== id) return undefined;
  const { slab, from } = history.slice(position - 1, position, 1)!;
  const type = slab.type(from) ?? "message";
  const publishedMs = Math.round(Date.now() - (now() - history.timeOf(position)));
  return { stream: name, type, kept: { stream, position }, publishedMs };
}
