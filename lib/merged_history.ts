/**
 * The histories of several streams, read as one in the hub's order.
 *
 * @module
 */

import { compareIds } from "./log/log.ts";
import { encodeGap } from "./resume.ts";
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
  chunkAfter(cursor: number, options: ReadOptions): Chunk | undefined {
    const { maxBytes } = options;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let events = 0;
    let gaps = 0;
    let through = cursor;
    for (;;) {
      const part = this.#next(through, options, maxBytes - bytes);
      if (!part) break;
      if (bytes > 0 && bytes + part.bytes.length > maxBytes) {
        return { bytes: concat(parts, bytes), events, gaps, cursor: through };
      }
      parts.push(part.bytes);
      bytes += part.bytes.length;
      events += part.events;
      if (part.isGap) gaps++;
      through = part.through;
    }
    if (bytes === 0) return undefined;
    return { bytes: concat(parts, bytes), events, gaps, cursor: undefined };
  }

  /** What comes first after `cursor`: a gap, or events of one stream up to where another's come. */
  #next(cursor: number, { through, floors }: ReadOptions, maxBytes: number): Part | undefined {
    let first: Stream | undefined;
    let position = through + 1;
    let before = position;
    let gaps: string[] = [];
    for (const [index, stream] of this.#streams.entries()) {
      const { history, name } = stream;
      const from = startOf(stream, Math.max(cursor, floors?.[index] ?? cursor));
      const hasGap = from < history.evictedThrough;
      const next = hasGap ? history.evictedThrough : history.next(from);
      if (next < position) {
        before = position;
        position = next;
        first = stream;
        gaps = [];
      } else if (next < before) {
        before = next;
      }
      if (hasGap && next === position) gaps.push(name);
    }
    if (gaps.length > 0) {
      const text = encodeGap(gaps, this.idAt(position)!);
      return { bytes: encoder.encode(text), events: 1, through: position, isGap: true };
    }
    return first?.history.slice(position - 1, before - 1, maxBytes);
  }
}

interface Part extends Slice {
  readonly isGap?: boolean;
}

const encoder = new TextEncoder();

function startOf({ slowSubscriber, history }: Stream, cursor: number): number {
  const { evictedThrough, newest } = history;
  const hasFallen = cursor < evictedThrough;
  return hasFallen && slowSubscriber === "latest" ? Math.max(newest - 1, evictedThrough) : cursor;
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
