/**
 * Places in the histories of single streams, from which the merged history takes its events in order.
 *
 * @module
 */

import { firstIndex } from "../wire/first_index.ts";
import type { HistoryReader } from "../history/history_reader.ts";
import type { Member } from "./member.ts";
import { type Missing, NOTHING_MISSING } from "./missing.ts";
import type { Slice } from "../history/slab.ts";
import type { Stream } from "./stream.ts";

/** A place in one stream's history. Valid until the stream's history changes. */
export class Head {
  readonly stream: Stream;
  /** Whether the stream is the `rest` of a pattern. */
  readonly isRest: boolean;
  /** Whether the subscriber does not have the events before the end of a gap. */
  isCertain = true;
  /** Whether evicted events before the next event are skipped, because a newer event replaces them. */
  hasSkipped = false;
  readonly #reader: HistoryReader;
  /** Whether a gap comes next. */
  isGap: boolean;
  /** The position of the next event or gap; `Infinity` if there is neither. */
  position: number;

  /** Begins after position `cursor`. */
  constructor({ stream, evictedThrough, isRest }: Member, cursor: number) {
    this.stream = stream;
    this.isRest = isRest;
    this.#reader = stream.history.reader(cursor);
    this.isGap = cursor < evictedThrough;
    this.position = this.isGap ? evictedThrough : this.#reader.next;
  }

  /** Returns the evicted events that are skipped before the next event, once. */
  takeSkipped(): readonly Missing[] {
    if (!this.hasSkipped) return NOTHING_MISSING;
    this.hasSkipped = false;
    const { name, history } = this.stream;
    return [{ what: "skipped", name, throughId: history.idOf(history.newest - 1) }];
  }

  /** Moves past the gap. */
  passGap(): void {
    this.isGap = false;
    this.position = this.#reader.next;
  }

  /** Returns the events through `through`, at least one, and moves past them. */
  read(through: number, maxBytes: number): Slice {
    const slice = this.#reader.read(through, maxBytes)!;
    this.position = this.#reader.next;
    return slice;
  }
}

/**
 * Adds the gaps of forgotten streams. They come before every event of a new stream of the same name, and
 * so before every event.
 */
export function withRests(heads: Head[], rests: readonly Head[], through: number): Head[] {
  const first = heads[0];
  const latest = first ? first.position - Number(!first.isGap) : Infinity;
  for (const rest of rests) rest.position = Math.min(rest.position, latest);
  const due = rests.filter(({ position }) => position <= through);
  return [...due, ...heads].sort((a, b) => a.position - b.position);
}

/** Sorts the first head, which has moved, into the others again; drops it if it is past `through`. */
export function moveBack(heads: Head[], through: number): void {
  const head = heads.shift()!;
  const { position } = head;
  if (position > through) return;
  heads.splice(firstIndex(0, heads.length, (i) => heads[i]!.position > position), 0, head);
}

/**
 * Returns the position after which a subscriber at `cursor` gets events of a stream: later than `cursor` if
 * a newer event replaces those that are evicted.
 */
export function startOf({ stream, evictedThrough }: Member, cursor: number): number {
  const { newest } = stream.history;
  const isEvicted = cursor < evictedThrough;
  return isEvicted && stream.replacesEvicted ? Math.max(newest - 1, evictedThrough) : cursor;
}
