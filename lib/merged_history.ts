/**
 * The histories of several streams, read as one in the hub's order.
 *
 * @module
 */

import { encodeGap } from "./control_events.ts";
import { compareIds } from "./ids.ts";
import type { Slice } from "./slab.ts";
import type { Stream } from "./stream.ts";

/** What comes next, in one piece. */
export interface Chunk {
  /** Whole events. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly events: number;
  /** How many of these are gaps. */
  readonly gaps: number;
  /** The position to go on from; `undefined` when that was all. */
  readonly cursor: number | undefined;
}

/** How far to read. */
export interface ReadOptions {
  /** The position up to which there is anything to read. */
  readonly through: number;
  /** The most bytes of a chunk, but for one event that has more. */
  readonly maxBytes: number;
  /** By stream, the position up to which nothing of it is wanted, if that is higher. */
  readonly floors?: readonly number[] | undefined;
}

/** Reads streams as one. */
export class MergedHistory {
  readonly #streams: readonly Stream[];

  /** Reads these streams. */
  constructor(streams: readonly Stream[]) {
    this.#streams = streams;
  }

  /** Whether there is anything after a position. */
  hasAfter(cursor: number, floors: readonly number[]): boolean {
    return this.#streams.some((stream, i) =>
      startOf(stream, Math.max(cursor, floors[i]!)) < stream.history.newest
    );
  }

  /** Whether the histories have the event with an id. */
  has(id: string): boolean {
    return this.#streams.some(({ history, isEphemeral }) =>
      !isEphemeral && compareIds(history.evictedId, id) < 0 &&
      history.idOf(history.positionOf(id)) === id
    );
  }

  /**
   * The position of the newest event that does not come after an id, among the streams whose histories
   * reach back to before that id; -1 if there is no such stream.
   */
  positionOf(id: string): number {
    let newest = -1;
    for (const { history, isEphemeral } of this.#streams) {
      if (isEphemeral || compareIds(history.evictedId, id) >= 0) continue;
      newest = Math.max(newest, history.positionOf(id));
    }
    return newest;
  }

  /**
   * The id of the newest event up to a position, among those that the histories know; `undefined` if
   * none of them knows what there was at that position.
   */
  idAt(position: number): string | undefined {
    let newest: string | undefined;
    for (const { history, isEphemeral } of this.#streams) {
      if (isEphemeral || history.evictedThrough > position) continue;
      const id = history.idOf(position);
      if (newest === undefined || compareIds(id, newest) > 0) newest = id;
    }
    return newest;
  }

  /**
   * Puts together what comes after `cursor`: at least one event, as many more as fit. A gap stands
   * where the last of the events it tells of would stand.
   */
  chunkAfter(cursor: number, { through, maxBytes, floors }: ReadOptions): Chunk | undefined {
    // All that a turn published goes out with the first of its streams; the others have no more.
    if (cursor >= through) return undefined;
    const heads = this.#streams.map((stream, i) =>
      new Head(stream, Math.max(cursor, floors?.[i] ?? cursor))
    );
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let events = 0;
    let gaps = 0;
    let reached = cursor;
    for (;;) {
      const part = this.#first(heads, through, maxBytes - bytes);
      if (!part) break;
      if (bytes > 0 && bytes + part.bytes.length > maxBytes) {
        return { bytes: concat(parts, bytes), events, gaps, cursor: reached };
      }
      parts.push(part.bytes);
      bytes += part.bytes.length;
      events += part.events;
      if (part.isGap) gaps++;
      reached = part.through;
      for (const head of heads) if (head.position <= reached) head.seek(reached);
    }
    if (bytes === 0) return undefined;
    return { bytes: concat(parts, bytes), events, gaps, cursor: undefined };
  }

  /** What comes first: a gap, or events of one stream up to where another's come. */
  #first(heads: readonly Head[], through: number, maxBytes: number): Part | undefined {
    let first: Head | undefined;
    let position = through + 1;
    let before = position;
    for (const head of heads) {
      if (head.position < position) {
        before = position;
        position = head.position;
        first = head;
      } else if (head.position < before) {
        before = head.position;
      }
    }
    if (!first?.isGap) return first?.stream.history.slice(position - 1, before - 1, maxBytes);
    const names = heads
      .filter((head) => head.isGap && head.position === position)
      .map(({ stream }) => stream.name);
    const text = encodeGap(names, this.idAt(position)!);
    return { bytes: encoder.encode(text), events: 1, through: position, isGap: true };
  }
}

/** Where a stream goes on. Holds as long as the stream's history does not change. */
class Head {
  readonly stream: Stream;
  /** The position of what comes next; `Infinity` if nothing does. */
  position = Infinity;
  /** Whether that is a gap. */
  isGap = false;

  constructor(stream: Stream, cursor: number) {
    this.stream = stream;
    this.seek(cursor);
  }

  /** Looks for what comes after `cursor`. */
  seek(cursor: number): void {
    const { history } = this.stream;
    const from = startOf(this.stream, cursor);
    this.isGap = from < history.evictedThrough;
    this.position = this.isGap ? history.evictedThrough : history.next(from);
  }
}

interface Part extends Slice {
  readonly isGap?: boolean;
}

const encoder = new TextEncoder();

function startOf(stream: Stream, cursor: number): number {
  const { evictedThrough, newest } = stream.history;
  const hasFallen = cursor < evictedThrough;
  return hasFallen && stream.replacesEvicted ? Math.max(newest - 1, evictedThrough) : cursor;
}

function concat(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
