/**
 * The histories of several streams, read as one in the hub's order.
 *
 * @module
 */

import { encodeGap } from "../wire/control_events.ts";
import { concat, type EventForm } from "./event_form.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { compareIds, laterId } from "../wire/ids.ts";
import { Head, moveBack, startOf, withRests } from "./head.ts";
import type { Members } from "./members.ts";
import { type Missing, NOTHING_MISSING } from "./missing.ts";
import type { Slice } from "../history/slab.ts";
import { withoutCovered } from "../wire/stream_name.ts";
import { floorOf, type Floors } from "./floors.ts";
import type { Start } from "./subscriber.ts";

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
  /** See {@linkcode ReadOptions.told}; as of the end of this chunk. */
  readonly told: number;
  /** What the subscriber is not sent, because it is evicted. */
  readonly missing: readonly Missing[];
}

/** How far to read. */
export interface ReadOptions {
  /** The position through which to read. */
  readonly through: number;
  /** The most bytes of a chunk. A single event may exceed this limit. */
  readonly maxBytes: number;
  /** For each stream, a position: the chunk has only later events of the stream. */
  readonly floors?: Floors<number> | undefined;
  /**
   * How much of what the patterns have forgotten the subscriber was told of: see
   * {@linkcode Members.forgotten}. By default nothing.
   */
  readonly told?: number;
}

/** Reads the histories of several streams as one history. */
export class MergedHistory {
  readonly #members: Members;
  readonly #form: EventForm;

  /** Reads the histories of these streams, and writes their events in a form. */
  constructor(members: Members, form: EventForm) {
    this.#members = members;
    this.#form = form;
  }

  /** Whether a subscriber that starts here has yet to get an event or a gap. */
  hasAfter({ cursor, floors, told }: Start): boolean {
    return this.#members.changedAfter(cursor).some((member) => {
      const { name, history } = member.stream;
      if (member.isRest && told >= this.#members.forgotten) return false;
      return startOf(member, Math.max(cursor, floorOf(floors, name)!)) < history.newest;
    });
  }

  /** Whether one of the histories keeps the event with an id. */
  has(id: string): boolean {
    return this.#members.changedFromId(id).members.some(({ stream: { history, isEphemeral } }) =>
      !isEphemeral && compareIds(history.evictedId, id) < 0 &&
      history.idOf(history.positionOf(id)) === id
    );
  }

  /**
   * Returns the position of the newest event at or before an id, among the streams whose histories reach
   * back to before that id; -1 if no history does.
   */
  positionOf(id: string): number {
    const { members, othersChangedAt } = this.#members.changedFromId(id);
    let newest = othersChangedAt;
    for (const { stream: { history, isEphemeral } } of members) {
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
    let newest = this.#members.idOfUnchanged(position);
    for (const { stream: { history, isEphemeral } } of this.#members.changedAfter(position)) {
      if (isEphemeral || history.evictedThrough > position) continue;
      newest = laterId(history.idOf(position), newest);
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
  chunkAfter(cursor: number, options: ReadOptions): Chunk | undefined {
    const { through, maxBytes } = options;
    // An audience is flushed once for each of its streams; only the first flush of a turn has events.
    if (cursor >= through) return undefined;
    const heads = this.#heads(cursor, options);
    if (heads.length === 0) return undefined;
    const { isPlain } = this.#form;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let events = 0;
    let gaps = 0;
    let reached = cursor;
    let read = 0;
    let isLastLeftOut: boolean | undefined;
    let { told = -1 } = options;
    let missing: readonly Missing[] = NOTHING_MISSING;
    const chunk = (next?: number) => {
      return {
        bytes: concat(parts, bytes),
        events,
        gaps,
        isLastLeftOut,
        cursor: next,
        told,
        missing,
      };
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
      gaps += part.gaps;
      told = part.told ?? told;
      if (part.missing.length > 0) missing = missing.concat(part.missing);
      isLastLeftOut = part.isLastLeftOut ?? isLastLeftOut;
      reached = part.through;
      const isFull = bytes >= maxBytes || (read >= MAX_READ_BYTES && maxBytes < Infinity);
      if (!isPlain && isFull && heads.length > 0) return chunk(reached);
    }
    return chunk();
  }

  /** Returns the streams with events after `cursor` and through `through`, in the order of the events. */
  #heads(cursor: number, { through, floors, told = -1 }: ReadOptions): Head[] {
    const heads: Head[] = [];
    const rests: Head[] = [];
    for (const member of this.#members.changedAfter(cursor)) {
      const { name, history, isEphemeral } = member.stream;
      const wanted = Math.max(cursor, floorOf(floors, name) ?? cursor);
      const from = startOf(member, wanted);
      if (from >= history.newest) continue;
      const head = new Head(member, from);
      head.hasSkipped = from > wanted && !isEphemeral;
      if (head.position > through && !member.isRest) continue;
      if (!member.isRest) heads.push(head);
      else if (told < this.#members.forgotten) {
        // Told of something already, the subscriber may have every event through the end of this gap.
        head.isCertain = told < 0;
        rests.push(head);
      }
    }
    heads.sort((a, b) => a.position - b.position);
    return rests.length > 0 ? withRests(heads, rests, through) : heads;
  }

  /** Takes the first part: a gap, or events of one stream that no other stream's event comes between. */
  #first(heads: Head[], through: number, maxBytes: number): Part {
    const head = heads[0]!;
    if (head.isGap) return this.#gap(heads, through);
    const end = heads.length > 1 ? heads[1]!.position - 1 : through;
    const missing = head.takeSkipped();
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
      gaps: 0,
      told: undefined,
      missing,
    };
  }

  /**
   * Takes all gaps at the position of the first gap as one gap, which ends there. Those that go on beyond
   * it are another gap, without an id: before its end, a gap must not move the client's id on.
   */
  #gap(heads: Head[], through: number): Part {
    const { position } = heads[0]!;
    const missing: Missing[] = [];
    const ended: string[] = [];
    const open: string[] = [];
    let told: number | undefined;
    while (heads[0]?.isGap && heads[0].position === position) {
      const [head] = heads;
      const { name, history: { evictedThrough, evictedId } } = head.stream;
      missing.push({ what: "gap", name, throughId: evictedId });
      const hasEnded = head.isCertain && position >= evictedThrough;
      (hasEnded ? ended : open).push(name);
      if (head.isRest) told = this.#members.forgotten;
      head.passGap();
      moveBack(heads, through);
    }
    const { hasGaps } = this.#form;
    const texts = [
      ...open.length > 0 ? [encodeGap(withoutCovered(open))] : [],
      ...ended.length > 0 ? [encodeGap(withoutCovered(ended), this.idAt(position))] : [],
    ];
    const bytes = hasGaps ? encoder.encode(texts.join("")) : NOTHING;
    const gaps = hasGaps ? texts.length : 0;
    return {
      bytes,
      readBytes: bytes.length,
      events: gaps,
      gaps,
      through: position,
      isLastLeftOut: ended.length > 0 ? !hasGaps : undefined,
      told,
      missing,
    };
  }
}

/** A part of a chunk: events of one stream, or a gap. */
interface Part extends Pick<Slice, "bytes" | "events" | "through"> {
  /** How many bytes of the history were read. */
  readonly readBytes: number;
  /** See {@linkcode Chunk.isLastLeftOut}. */
  readonly isLastLeftOut: boolean | undefined;
  /** How many of the events are gaps. */
  readonly gaps: number;
  /** See {@linkcode Chunk.told}; `undefined` if unchanged. */
  readonly told: number | undefined;
  /** See {@linkcode Chunk.missing}. */
  readonly missing: readonly Missing[];
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
const FORMED_BYTES = 8_192;
/** The most bytes of the histories to read at once for a subscriber, in search of its types. */
const MAX_READ_BYTES = 16 * MAX_CHUNK_BYTES;
