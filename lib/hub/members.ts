/**
 * The streams of an audience: those that its subscribers name, and those that their patterns cover, which
 * come and go.
 *
 * @module
 */

import { compareIds, laterId } from "../wire/ids.ts";
import { Member } from "./member.ts";
import type { Pattern } from "./pattern.ts";
import type { Stream } from "./stream.ts";
import { floorOf, type Floors } from "./floors.ts";
import { coversStream, isStreamPattern } from "../wire/stream_name.ts";

/** What a {@linkcode Members} is made of. */
export interface MembersOptions {
  /** The streams that the subscribers name. */
  readonly streams: readonly Stream[];
  /** Their patterns. No pattern covers one of the streams or another of the patterns. */
  readonly patterns?: readonly Pattern[];
  /** Returns the created stream with a name. */
  readonly find?: (name: string) => Stream | undefined;
}

/** The streams that changed since an id. */
export interface ChangedMembers {
  /** All streams that the subscribers name, and the changed streams of their patterns. */
  readonly members: readonly Member[];
  /** The position of the last change of the others; -1 if there are no others. */
  readonly othersChangedAt: number;
}

/** The streams of an audience. */
export class Members {
  /** The names of the streams, and the patterns, sorted. */
  readonly names: readonly string[];
  /** The streams that the subscribers name. */
  readonly streams: readonly Stream[];
  /** The patterns. */
  readonly patterns: readonly Pattern[];
  /** The streams that the subscribers name, and the `rest` of each pattern. */
  readonly fixed: readonly Stream[];
  // The same, which are always looked at.
  readonly #fixed: readonly Member[];
  readonly #byName: ReadonlyMap<string, Stream>;
  readonly #find: (name: string) => Stream | undefined;

  /** Joins streams and patterns. */
  constructor({ streams, patterns = [], find = () => undefined }: MembersOptions) {
    const rests = patterns.map(({ rest }) => rest);
    this.fixed = [...streams, ...rests];
    this.names = this.fixed.map(({ name }) => name).sort();
    this.streams = streams;
    this.patterns = patterns;
    this.#fixed = [
      ...streams.map((stream) => new Member(stream)),
      ...rests.map((rest) => new Member(rest, rest.name)),
    ];
    this.#byName = new Map(streams.map((stream) => [stream.name, stream]));
    this.#find = find;
  }

  /** How often the patterns have forgotten streams with events, or have lost events of any stream. */
  get forgotten(): number {
    return this.patterns.reduce((sum, { rest }) => sum + rest.skips, 0);
  }

  /** The names of those streams that are not ephemeral, and the patterns. */
  get lastingNames(): string[] {
    return this.fixed.filter(({ isEphemeral }) => !isEphemeral).map(({ name }) => name);
  }

  /** Returns the streams that may have changed after a position, in the order of their last change. */
  changedAfter(position: number): readonly Member[] {
    if (this.patterns.length === 0) return this.#fixed;
    const members: Member[] = [];
    for (const pattern of this.patterns) pattern.addChangedAfter(position, members);
    return members.reverse().concat(this.#fixed);
  }

  /** Returns the streams that may have changed after an id. */
  changedAfterId(id: string): ChangedMembers {
    return this.#changedSince((other) => compareIds(other, id) > 0);
  }

  /** Returns the streams that may have an event with an id, or a later event. */
  changedFromId(id: string): ChangedMembers {
    return this.#changedSince((other) => compareIds(other, id) >= 0);
  }

  #changedSince(counts: (id: string) => boolean): ChangedMembers {
    const members: Member[] = [];
    let othersChangedAt = -1;
    for (const pattern of this.patterns) {
      othersChangedAt = Math.max(othersChangedAt, pattern.addChangedSince(counts, members));
    }
    return { members: members.concat(this.#fixed), othersChangedAt };
  }

  /**
   * Returns an id through which clients have every event of the streams that have not changed after a
   * position, if they have every event through the position; `undefined` if none is known.
   */
  idOfUnchanged(position: number): string | undefined {
    let id: string | undefined;
    for (const pattern of this.patterns) {
      const newest = pattern.newestIdAt(position);
      if (newest !== undefined) id = laterId(newest, id);
    }
    return id;
  }

  /**
   * Returns the streams of which a newcomer may get kept events.
   *
   * @param count How many events of each stream; `undefined` for each stream's `replayEvents`.
   */
  withReplay(count: number | undefined): Member[] {
    const members: Member[] = [];
    for (const pattern of this.patterns) pattern.addWithReplay(count, members);
    return members.concat(this.#fixed);
  }

  /** Whether a subscriber that was sent everything through a position must end as slow. */
  areTooFarAhead(cursor: number): boolean {
    return this.fixed.some(({ history, slowSubscriber }) =>
      slowSubscriber === "disconnect" && cursor < history.evictedThrough
    ) || this.patterns.some((pattern) => pattern.isTooFarAhead(cursor));
  }

  /**
   * Returns the stream with a name, if it is one of these. For a stream that a pattern covers and the hub
   * does not know, returns the pattern's `rest`.
   */
  find(name: string): Stream | undefined {
    const named = this.#byName.get(name);
    if (named) return named;
    const pattern = this.patterns.find((pattern) => coversStream(pattern.name, name));
    return pattern && (this.#find(name) ?? pattern.rest);
  }

  /**
   * Returns the id after which a subscriber wants a stream's events; `undefined` if it wants the same of
   * all streams. Of the `rest` of a pattern it wants everything if a stream was forgotten since the floors
   * were taken: that stream may have had a floor of its own.
   */
  floorIdOf(member: Member, floorIds: Floors<string> | undefined): string | undefined {
    if (!floorIds) return undefined;
    const { stream: { name }, isRest } = member;
    return isRest && floorIds.forgotten < this.forgotten ? undefined : floorOf(floorIds, name);
  }

  /** Returns the name with which subscribers ask for a stream: its own, or that of a pattern. */
  nameFor(name: string): string {
    if (this.#byName.has(name)) return name;
    return this.patterns.find((pattern) => coversStream(pattern.name, name))?.name ?? name;
  }

  /** Whether a stream with this name would be one of these. */
  has(name: string): boolean {
    return this.#byName.has(name) ||
      this.patterns.some((pattern) => coversStream(pattern.name, name));
  }

  /**
   * Whether a stream is among some names. The `rest` of a pattern is if the pattern covers a name that
   * the hub does not know.
   */
  isAmong(name: string, names: readonly string[]): boolean {
    return names.includes(name) ||
      isStreamPattern(name) &&
        names.some((other) => coversStream(name, other) && !this.#find(other));
  }
}
