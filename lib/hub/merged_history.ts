/**
 * The histories of several streams, read as one in the hub's order.
 *
 * @module
 */

import { encodeGap } from "../wire/control_events.ts";
import { concat, type EventForm } from "./event_form.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { firstIndex } from "../wire/first_index.ts";
import type { HistoryReader } from "../history/history_reader.ts";
import { compareIds } from "../wire/ids.ts";
import type { Slice } from "../history/slab.ts";
import type { Stream } from "./stream.ts";

/** The next events of several streams, encoded. */
export interface Chunk {
  /** Whole events; empty if all events are left out. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold, gaps included. */
  readonly events: number;
  /** How many of the events are gaps. */
  readonly gaps: number;
  /**
   * Whether the last event with an id is left out; `undefined` if no event has an id. A gap counts as an
   * event with an id.
   */
  readonly isLastLeftOut: boolean | undefined;
  /** The position after which the next chunk begins; `undefined` if this chunk is the last. */
  readonly cursor: number | undefined;
}

/** How far to read. */
export interface ReadOptions {
  /** The position through which to read. */
  readonly through: number;
  /** The most bytes of a chunk. A single event may exceed this limit. */
  readonly maxBytes: number;
  /** For each stream, a position: the chunk has only later events of the stream. */
  readonly floors?: readonly number[] | undefined;
}

/** Reads the histories of several streams as one history. */
export class MergedHistory {
  readonly #streams: readonly Stream[];
  readonly #form: EventForm;

  /** Reads the histories of these streams, and writes their events in a form. */
  constructor(streams: readonly Stream[], form: EventForm) {
    this.#streams = streams;
    this.#form = form;
  }

  /** Whether any stream has an event after a position and after its floor. */
  hasAfter(cursor: number, floors: readonly number[]): boolean {
    return this.#streams.some((stream, i) =>
      startOf(stream, Math.max(cursor, floors[i]!)) < stream.history.newest
    );
  }

  /** Whether one of the histories keeps the event with an id. */
  has(id: string): boolean {
    return this.#streams.some(({ history, isEphemeral }) =>
      !isEphemeral && compareIds(history.evictedId, id) < 0 &&
      history.idOf(history.positionOf(id)) === id
    );
  }

  /**
   * Returns the position of the newest event at or before an id, among the streams whose histories reach
   * back to before that id; -1 if no history does.
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
   * Returns the id of the newest event at or before a position, among the streams whose histories reach
   * back to that position; `undefined` if no history does.
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
   * Builds the chunk of events after `cursor`: at least one event, and as many more as fit. A gap takes
   * the place of the last event that it stands for. Where the form leaves out events, a chunk may be
   * empty although the next one is not.
   *
   * @returns `undefined` if there are no such events.
   */
  chunkAfter(cursor: number, { through, maxBytes, floors }: ReadOptions): Chunk | undefined {
    // An audience is flushed once for each of its streams; only the first flush of a turn has events.
    if (cursor >= through) return undefined;
    const heads = this.#heads(cursor, through, floors);
    if (heads.length === 0) return undefined;
    const { isPlain } = this.#form;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let events = 0;
    let gaps = 0;
    let reached = cursor;
    let read = 0;
    let isLastLeftOut: boolean | undefined;
    const chunk = (next?: number) => {
      return { bytes: concat(parts, bytes), events, gaps, isLastLeftOut, cursor: next };
    };
    while (heads.length > 0) {
      // An event may become longer in another form, so its chunk is filled in small steps.
      const room = isPlain ? maxBytes - bytes : Math.min(maxBytes, FORMED_BYTES);
      const part = this.#first(heads, through, room);
      if (isPlain && bytes > 0 && bytes + part.bytes.length > maxBytes) return chunk(reached);
      if (part.bytes.length > 0) parts.push(part.bytes);
      bytes += part.bytes.length;
      read += part.readBytes;
      events += part.events;
      if (part.isGap) gaps++;
      isLastLeftOut = part.isLastLeftOut ?? isLastLeftOut;
      reached = part.through;
      const isFull = bytes >= maxBytes || (read >= MAX_READ_BYTES && maxBytes < Infinity);
      if (!isPlain && isFull && heads.length > 0) return chunk(reached);
    }
    return chunk();
  }

  /** Returns the streams with events after `cursor` and through `through`, in the order of the events. */
  #heads(cursor: number, through: number, floors: readonly number[] | undefined): Head[] {
    const heads: Head[] = [];
    for (const [i, stream] of this.#streams.entries()) {
      const from = startOf(stream, Math.max(cursor, floors?.[i] ?? cursor));
      if (from >= stream.history.newest) continue;
      const head = new Head(stream, from);
      if (head.position <= through) heads.push(head);
    }
    return heads.sort((a, b) => a.position - b.position);
  }

  /** Takes the first part: a gap, or events of one stream that no other stream's event comes between. */
  #first(heads: Head[], through: number, maxBytes: number): Part {
    const head = heads[0]!;
    if (head.isGap) return this.#gap(heads, through);
    const end = heads.length > 1 ? heads[1]!.position - 1 : through;
    const slice = head.read(end, maxBytes);
    moveBack(heads, through);
    const { name, isEphemeral } = head.stream;
    const formed = this.#form.isPlain ? undefined : this.#form.ofSlice(slice, name);
    return {
      bytes: formed?.bytes ?? slice.bytes,
      readBytes: slice.bytes.length,
      events: formed?.events ?? slice.events,
      through: slice.through,
      isLastLeftOut: isEphemeral ? undefined : formed?.isLastLeftOut ?? false,
      isGap: false,
    };
  }

  /** Takes all gaps that end where the first gap ends, as one gap. */
  #gap(heads: Head[], through: number): Part {
    const { position } = heads[0]!;
    const names: string[] = [];
    while (heads[0]?.isGap && heads[0].position === position) {
      names.push(heads[0].stream.name);
      heads[0].passGap();
      moveBack(heads, through);
    }
    const isGap = this.#form.hasGaps;
    const bytes = isGap ? encoder.encode(encodeGap(names, this.idAt(position)!)) : NOTHING;
    const readBytes = bytes.length;
    const events = Number(isGap);
    return { bytes, readBytes, events, through: position, isLastLeftOut: !isGap, isGap };
  }
}

/** A place in one stream. Valid until the stream's history changes. */
class Head {
  readonly stream: Stream;
  readonly #reader: HistoryReader;
  /** Whether a gap comes next. */
  isGap: boolean;
  /** The position of the next event or gap; `Infinity` if there is neither. */
  position: number;

  /** Begins after position `cursor`. */
  constructor(stream: Stream, cursor: number) {
    const { history } = stream;
    this.stream = stream;
    this.#reader = history.reader(cursor);
    this.isGap = cursor < history.evictedThrough;
    this.position = this.isGap ? history.evictedThrough : this.#reader.next;
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

/** Sorts the first head, which has moved, into the others again; drops it if it is past `through`. */
function moveBack(heads: Head[], through: number): void {
  const head = heads.shift()!;
  const { position } = head;
  if (position > through) return;
  heads.splice(firstIndex(0, heads.length, (i) => heads[i]!.position > position), 0, head);
}

/** A part of a chunk: events of one stream, or a gap. */
interface Part extends Pick<Slice, "bytes" | "events" | "through"> {
  /** How many bytes of the history were read. */
  readonly readBytes: number;
  /** See {@linkcode Chunk.isLastLeftOut}. */
  readonly isLastLeftOut: boolean | undefined;
  /** Whether the part is a gap. */
  readonly isGap: boolean;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
const FORMED_BYTES = 8_192;
/** The most bytes of the histories to read at once for a subscriber, in search of its types. */
const MAX_READ_BYTES = 16 * MAX_CHUNK_BYTES;

function startOf(stream: Stream, cursor: number): number {
  const { evictedThrough, newest } = stream.history;
  const isEvicted = cursor < evictedThrough;
  return isEvicted && stream.replacesEvicted ? Math.max(newest - 1, evictedThrough) : cursor;
}
