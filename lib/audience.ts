/**
 * The subscribers of one set of streams. What is new is put together once for all that keep up; a
 * subscriber that doesn't is a number, its cursor, until it has caught up.
 *
 * @module
 */

import { CatchUp } from "./catch_up.ts";
import { encodeReset } from "./control_events.ts";
import type { Counters } from "./counters.ts";
import type { EndReason } from "./event_response.ts";
import type { LivenessOptions, Tick } from "./liveness.ts";
import type { LogProgress } from "./log_progress.ts";
import type { LogReader } from "./log_reader.ts";
import { MergedHistory } from "./merged_history.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Stream, StreamAudience } from "./stream.ts";
import type { Start, Subscriber } from "./subscriber.ts";

/** What an audience takes from its hub. */
export interface AudienceSource {
  /** Flushes what waits. */
  readonly sequencer: Sequencer;
  /** How far the log has come. */
  readonly progress: LogProgress;
  /** Counts gaps that subscribers are told of. */
  readonly counters: Counters;
  /** Reads what the log has beyond the histories; `undefined` if it has nothing. */
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
  readonly #catchUp: CatchUp;
  #flushedThrough = 0;

  /** Begins without subscribers. */
  constructor(key: string, streams: readonly Stream[], source: AudienceSource) {
    this.key = key;
    this.streams = streams;
    this.#source = source;
    this.#merged = new MergedHistory(streams);
    this.#catchUp = new CatchUp({
      streams,
      merged: this.#merged,
      source,
      flushedThrough: () => this.#flushedThrough,
      onCaughtUp: ({ response }) => {
        if (this.isEnded) response.end("ended");
      },
    });
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

  /** Where a subscriber begins that has all up to an id. */
  resumeAt(id: string): Start {
    return this.#catchUp.startAfter(id);
  }

  /** Where a newcomer begins that wants the newest `count` events of each stream, or its default. */
  startAt(count: number | undefined): Start {
    return this.#catchUp.startWithNewest(count);
  }

  /** Whether there is anything for a subscriber that begins there. */
  hasAfter(start: Start): boolean {
    return this.#catchUp.hasAfter(start);
  }

  /** Adds a subscriber, in the turn of the last `advance()`. */
  add(subscriber: Subscriber, start: Start): void {
    this.#subscribers.add(subscriber);
    for (const stream of this.streams) stream.subscribers++;
    if (this.hasAfter(start)) this.#catchUp.begin(subscriber, start);
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
      const { state, response } = subscriber;
      if (state.name !== "current") {
        this.#catchUp.endIfFallen(subscriber);
      } else if (response.waitingBytes === 0 || subscriber.turn === turn) {
        subscriber.turn = turn;
        response.enqueue(chunk.bytes, chunk.events);
        this.#source.counters.gaps += chunk.gaps;
      } else {
        subscriber.fallBehind(cursor);
        this.#catchUp.goOn(subscriber);
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
    const names = lasting.map(({ name }) => name);
    const bytes = new TextEncoder().encode(encodeReset(names, this.#source.progress.headId));
    this.#each((subscriber) => {
      subscriber.catchUp();
      subscriber.response.enqueue(bytes, 1);
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

  /** Ends the subscribers that have everything, if there will be no more; the others end in time. */
  endIfDone(): void {
    if (!this.isEnded) return;
    for (const { state, response } of this.#subscribers) {
      if (state.name === "current") response.end("ended");
    }
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
}
