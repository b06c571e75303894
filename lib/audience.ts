/**
 * The subscribers of one set of streams. What is new is put together once for all that keep up;
 * those that don't are remembered as a number each, and catch up out of the history.
 *
 * @module
 */

import { encodeReset } from "./control_events.ts";
import { type EndReason, MAX_CHUNK_BYTES } from "./event_response.ts";
import { compareIds, laterId } from "./ids.ts";
import type { LivenessOptions, Tick } from "./liveness.ts";
import { chunkBeforeGap, type LogGapChunk } from "./log_gap.ts";
import type { LogReader } from "./log_reader.ts";
import { type Chunk, MergedHistory } from "./merged_history.ts";
import type { Stream, StreamAudience } from "./stream.ts";
import type { Start, Subscriber } from "./subscriber.ts";

/** What an audience takes from its hub. */
export interface AudienceSource {
  /** How far the log has come. */
  readonly headId: () => string;
  /** Sends what waits to those that are current. */
  readonly flush: () => void;
  /** Counts gaps that a subscriber was told of. */
  readonly countGaps: (count: number) => void;
  /** What the log has beyond the histories; `undefined` if it has nothing. */
  readonly reader: LogReader | undefined;
}

/** The subscribers of one set of streams. */
export class Audience implements StreamAudience {
  /** What the hub finds it by. */
  readonly key: string;
  /** The streams, in the order of their names. */
  readonly streams: readonly Stream[];
  readonly #subscribers = new Set<Subscriber>();
  readonly #source: AudienceSource;
  readonly #merged: MergedHistory;
  #flushedThrough = 0;

  /** Begins without subscribers. */
  constructor(key: string, streams: readonly Stream[], source: AudienceSource) {
    this.key = key;
    this.streams = streams;
    this.#source = source;
    this.#merged = new MergedHistory(streams);
  }

  /** How many subscribers it has. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Its subscribers. */
  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  /** The names of its streams. */
  get names(): string[] {
    return this.streams.map(({ name }) => name);
  }

  /** Whether none of its streams will have another event. */
  get isEnded(): boolean {
    return this.streams.every((stream) => stream.isEnded);
  }

  /** Takes note that nothing of its streams up to position `head` has yet to be flushed. */
  advance(head: number): void {
    this.#flushedThrough = head;
  }

  /**
   * Where a subscriber begins that has all up to an id. Ephemeral streams can't be resumed.
   *
   * @param floorIds By stream, the id up to which it wants nothing, if that is later.
   */
  resumeAt(id: string, floorIds?: readonly string[]): Start {
    const floors = this.streams.map(({ history, isEphemeral }, i) =>
      isEphemeral ? this.#flushedThrough : history.positionOf(laterId(id, floorIds?.[i]))
    );
    return { id, cursor: Math.min(...floors), floors, floorIds };
  }

  /** Where a newcomer begins that wants the newest `count` events of each stream, or its default. */
  startAt(count: number | undefined): Start {
    const floors = this.streams.map(({ history, isEphemeral, replayEvents }) =>
      isEphemeral ? this.#flushedThrough : history.before(count ?? replayEvents)
    );
    const first = Math.min(...this.streams.map(({ history }, i) => history.next(floors[i]!)));
    const cursor = Math.min(first - 1, this.#flushedThrough);
    const hasAll = cursor === this.#flushedThrough;
    const id = hasAll ? this.#source.headId() : this.#merged.idAt(cursor)!;
    const floorIds = this.#source.reader &&
      this.streams.map(({ history }, i) => history.idOf(floors[i]!));
    return { id, cursor, floors, floorIds };
  }

  /** Whether there is anything for a subscriber that begins there. */
  hasAfter({ id, cursor, floors, floorIds }: Start): boolean {
    return this.#isInLog(id, floorIds) || this.#merged.hasAfter(cursor, floors);
  }

  /** Adds a subscriber, in the turn of the last `advance()`. */
  add(subscriber: Subscriber, start: Start): void {
    this.#subscribers.add(subscriber);
    for (const stream of this.streams) stream.subscribers++;
    if (this.hasAfter(start)) this.#replayFrom(subscriber, start);
    this.endIfDone();
  }

  /** Removes a subscriber that has ended. */
  remove(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    for (const stream of this.streams) stream.subscribers--;
  }

  /**
   * Sends what was published up to position `through`: one array for all subscribers that keep up.
   *
   * Whether one keeps up is seen once a turn: what a single turn publishes reaches it in full,
   * however much it is.
   */
  flush(through: number, turn: number): void {
    const cursor = this.#flushedThrough;
    this.#flushedThrough = through;
    const chunk = this.#merged.chunkAfter(cursor, { through, maxBytes: Infinity });
    if (!chunk) return;
    this.#each((subscriber) => {
      const { response } = subscriber;
      if (subscriber.cursor !== undefined) {
        this.#endIfFallen(subscriber, subscriber.cursor);
      } else if (response.waitingBytes === 0 || subscriber.turn === turn) {
        subscriber.turn = turn;
        this.#send(subscriber, chunk);
      } else {
        subscriber.cursor = cursor;
        response.pullWith(() => this.#catchUp(subscriber));
      }
    });
  }

  /**
   * Has all go on from position `head`, where the log has begun anew, and tells them so.
   *
   * @returns How many it told.
   */
  reset(head: number): number {
    this.#flushedThrough = head;
    const lasting = this.streams.filter(({ isEphemeral }) => !isEphemeral);
    if (lasting.length === 0) return 0;
    const text = encodeReset(lasting.map(({ name }) => name), this.#source.headId());
    const bytes = new TextEncoder().encode(text);
    this.#each((subscriber) => {
      subscriber.cursor = undefined;
      subscriber.servedId = undefined;
      subscriber.floors = undefined;
      subscriber.floorIds = undefined;
      this.#send(subscriber, { bytes, events: 1, gaps: 0 });
    });
    return this.size;
  }

  /** Has each subscriber look at the time. */
  tick(tick: Tick, options: LivenessOptions): void {
    this.#each((subscriber) => subscriber.tick(tick, options));
  }

  /** Ends all subscribers, whatever they have yet to get. */
  close(reason: EndReason): void {
    this.#each(({ response }) => response.end(reason));
  }

  // What fails for one subscriber ends that one alone.
  #each(act: (subscriber: Subscriber) => void): void {
    for (const subscriber of this.#subscribers) {
      try {
        act(subscriber);
      } catch (error) {
        subscriber.response.fail(error);
      }
    }
  }

  /** Ends the subscribers that have everything, if there will be no more; the others end in time. */
  endIfDone(): void {
    if (!this.isEnded) return;
    for (const { cursor, response } of this.#subscribers) {
      if (cursor === undefined) response.end("ended");
    }
  }

  #replayFrom(subscriber: Subscriber, { id, cursor, floors, floorIds }: Start): void {
    subscriber.servedId = id;
    subscriber.cursor = cursor;
    subscriber.floors = floors;
    subscriber.floorIds = floorIds;
    // What is in the log now may be in the histories by then, and they say nothing of it yet.
    const isInLog = this.#isInLog(id, floorIds);
    subscriber.response.pullWith(() =>
      isInLog ? this.#readOn(subscriber, id) : this.#catchUp(subscriber)
    );
  }

  /** Sends a subscriber whose last bytes were taken the next of what it missed. */
  #catchUp(subscriber: Subscriber): void | Promise<void> {
    const { cursor, floors, floorIds, servedId, response } = subscriber;
    if (cursor === undefined || this.#endIfFallen(subscriber, cursor)) return;
    if (servedId !== undefined && this.#isInLog(servedId, floorIds)) {
      return this.#readOn(subscriber, servedId);
    }
    const through = this.#flushedThrough;
    const options = { through, maxBytes: MAX_CHUNK_BYTES, floors };
    const chunk = this.#merged.chunkAfter(cursor, options);
    if (chunk) this.#send(subscriber, chunk);
    subscriber.cursor = chunk?.cursor;
    if (subscriber.cursor !== undefined) {
      if (servedId !== undefined) {
        subscriber.servedId = this.#merged.idAt(subscriber.cursor) ?? servedId;
      }
      response.pullWith(() => this.#catchUp(subscriber));
    } else {
      subscriber.servedId = undefined;
      subscriber.floors = undefined;
      subscriber.floorIds = undefined;
      if (this.isEnded) response.end("ended");
    }
  }

  /** Sends it the next page of the log, until the histories of its streams go on where that ended. */
  async #readOn(subscriber: Subscriber, servedId: string): Promise<void> {
    const { response, floorIds } = subscriber;
    const { reader, flush, headId } = this.#source;
    // The log may begin anew before it is read, and while it is.
    if (subscriber.servedId !== servedId) return;
    const page = await reader!.next(this.streams, { id: servedId, floorIds }, response);
    if (response.isEnded || subscriber.servedId !== servedId) return;
    // From here on it is one turn, so that nothing is left out or sent twice where the history goes on.
    flush();
    const goneThrough = page.isLost ? headId() : page.goneThrough;
    const chunk = goneThrough === undefined
      ? { ...page, gaps: 0 }
      : this.#chunkBeforeGap(this.resumeAt(servedId, floorIds), goneThrough, page.goneStreams);
    if (chunk.events > 0) this.#send(subscriber, chunk);
    this.#replayFrom(subscriber, this.resumeAt(chunk.id, floorIds));
  }

  #chunkBeforeGap(
    start: Start,
    goneThrough: string,
    goneStreams: readonly string[] | undefined,
  ): LogGapChunk {
    const { headId, reader } = this.#source;
    const source = {
      streams: this.streams,
      merged: this.#merged,
      headId: headId(),
      idBefore: (id: string) => reader!.idBefore(id),
      isUncertain: reader!.isUncertain(start.id),
      goneStreams,
    };
    return chunkBeforeGap(source, start, goneThrough);
  }

  #send({ response }: Subscriber, { bytes, events, gaps }: Omit<Chunk, "cursor">): void {
    response.enqueue(bytes, events);
    if (gaps > 0) this.#source.countGaps(gaps);
  }

  /**
   * Whether it is for the log to say what comes after an id, and not for the histories. `floorIds` are,
   * by stream, the ids up to which nothing is wanted.
   */
  #isInLog(id: string, floorIds: readonly string[] | undefined): boolean {
    const { reader, headId } = this.#source;
    if (!reader || this.streams.every(({ isEphemeral }) => isEphemeral)) return false;
    return compareIds(id, headId()) > 0 || reader.isUncertain(id) ||
      this.streams.some((stream, i) => stream.lacksAfter(laterId(id, floorIds?.[i])));
  }

  // One that replays is told of the gap instead: coming back would bring it nothing.
  #endIfFallen(subscriber: Subscriber, cursor: number): boolean {
    const hasFallen = subscriber.servedId === undefined &&
      this.streams.some(({ history, slowSubscriber }) =>
        slowSubscriber === "disconnect" && cursor < history.evictedThrough
      );
    if (hasFallen) subscriber.response.end("slow");
    return hasFallen;
  }
}
