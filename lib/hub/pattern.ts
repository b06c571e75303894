/**
 * The streams that a pattern covers, in the order of their last change. Finding those that changed after a
 * position or an id looks at no others, however many there are.
 *
 * @module
 */

import { Member } from "./member.ts";
import type { Stream, StreamPlace } from "./stream.ts";

/** A pattern that has subscribers, and the created streams that it covers. */
export class Pattern {
  /** The pattern: `*`, or a stream's name and `/*`. */
  readonly name: string;
  /**
   * Stands for the streams that the pattern covers and the hub does not know, such as forgotten ones: a
   * stream named as the pattern, which nobody can publish to. Its history ends with the last event of a
   * forgotten stream. Its audiences are the pattern's.
   */
  readonly rest: Stream;
  /** When the last audience was removed, in milliseconds by the hub's clock. */
  releasedMs = 0;
  readonly #order = new Order();
  #size = 0;
  // Whether newcomers may get kept events of a stream without asking for them.
  #hasReplays = false;
  // The position through which a stream has evicted events whose loss ends a slow subscriber.
  #evictedThrough = -1;

  /** Begins without streams. */
  constructor(rest: Stream) {
    this.name = rest.name;
    this.rest = rest;
  }

  /** How many created streams the pattern covers. */
  get size(): number {
    return this.#size;
  }

  /** Adds a stream: one that has not changed yet, or one whose last change is later than all others. */
  add(stream: Stream): void {
    const place = new Place(new Member(stream, this.name), {
      rest: this.rest,
      moveToEnd: () => this.#order.moveToEnd(place),
      noteEvicted: () => this.#noteEvicted(stream),
      noteReplays: () => void (this.#hasReplays = true),
      remove: () => this.#remove(place),
    });
    stream.places.push(place.streamPlace);
    if (stream.changedAt < 0) this.#order.insertFirst(place);
    else this.#order.insertLast(place);
    this.#size++;
    if (stream.replayEvents > 0) this.#hasReplays = true;
    this.#noteEvicted(stream);
  }

  #remove(place: Place): void {
    this.#order.cut(place);
    this.#size--;
    const { history: { evictedThrough, evictedId }, createdAfter, isEphemeral } =
      place.member.stream;
    if (evictedThrough <= createdAfter || isEphemeral) return;
    const { rest } = this;
    if (evictedThrough > rest.history.evictedThrough) rest.skip(evictedThrough, evictedId);
    else rest.skips++;
  }

  /** Removes all streams, because nobody subscribes to the pattern any more. */
  close(): void {
    for (const { member: { stream }, streamPlace } of this.#order.newestFirst()) {
      stream.places.splice(stream.places.indexOf(streamPlace), 1);
    }
  }

  #noteEvicted({ slowSubscriber, history: { evictedThrough }, createdAfter }: Stream): void {
    if (slowSubscriber !== "disconnect" || evictedThrough <= createdAfter) return;
    this.#evictedThrough = Math.max(this.#evictedThrough, evictedThrough);
  }

  /** Whether a subscriber that was sent everything through a position must end as slow. */
  isTooFarAhead(cursor: number): boolean {
    return cursor < this.#evictedThrough;
  }

  /** Adds the streams that changed after a position to a list, the newest change first. */
  addChangedAfter(position: number, members: Member[]): void {
    for (const { member } of this.#order.newestFirst()) {
      if (member.stream.changedAt <= position) return;
      members.push(member);
    }
  }

  /**
   * Adds the streams of which a newcomer may get kept events to a list.
   *
   * @param count How many events of each stream; `undefined` for each stream's `replayEvents`.
   */
  addWithReplay(count: number | undefined, members: Member[]): void {
    if (count ?? this.#hasReplays) this.addChangedAfter(-1, members);
  }

  /**
   * Adds the streams whose last change has an id that counts to a list, the newest change first.
   *
   * @param counts Whether an id counts. If an id does not count, no earlier id does.
   * @returns The position of the last change of the other streams; -1 if there are none.
   */
  addChangedSince(counts: (id: string) => boolean, members: Member[]): number {
    for (const { member } of this.#order.newestFirst()) {
      const { changedId, changedAt } = member.stream;
      if (!counts(changedId)) return changedAt;
      members.push(member);
    }
    return -1;
  }

  /** Returns the newest id of the hub when a stream last changed at or before a position. */
  newestIdAt(position: number): string | undefined {
    for (const { member } of this.#order.newestFirst()) {
      const { changedAt, changedId } = member.stream;
      if (changedAt <= position) return changedId || undefined;
    }
    return undefined;
  }
}

/** The place of a stream in the order. */
class Place {
  readonly member: Member;
  readonly streamPlace: StreamPlace;
  older: Place | undefined;
  newer: Place | undefined;

  constructor(member: Member, streamPlace: StreamPlace) {
    this.member = member;
    this.streamPlace = streamPlace;
  }
}

/** A list of places, doubly linked: moving one costs the same however many there are. */
class Order {
  #newest: Place | undefined;
  #oldest: Place | undefined;

  *newestFirst(): Generator<Place, void> {
    for (let place = this.#newest; place; place = place.older) yield place;
  }

  moveToEnd(place: Place): void {
    if (this.#newest === place) return;
    this.cut(place);
    this.insertLast(place);
  }

  insertFirst(place: Place): void {
    place.newer = this.#oldest;
    place.older = undefined;
    if (this.#oldest) this.#oldest.older = place;
    else this.#newest = place;
    this.#oldest = place;
  }

  insertLast(place: Place): void {
    place.older = this.#newest;
    place.newer = undefined;
    if (this.#newest) this.#newest.newer = place;
    else this.#oldest = place;
    this.#newest = place;
  }

  cut({ older, newer }: Place): void {
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
  }
}
