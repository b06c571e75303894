/**
 * The subscribers of one set of streams. What is new is put together once for all that keep up; a
 * subscriber that doesn't is a number, its cursor, until it has caught up.
 *
 * @module
 */

import { CatchUp } from "./catch_up.ts";
import { encodeReset } from "../wire/control_events.ts";
import type { Counters } from "./counters.ts";
import type { EndReason, EventResponse } from "../wire/event_response.ts";
import type { LogProgress } from "./log_progress.ts";
import type { LogReader } from "./log_reader.ts";
import { MergedHistory } from "./merged_history.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Stream, StreamAudience } from "./stream.ts";
import { Subscriber } from "./subscriber.ts";

/** Who wants to be let into an audience. */
export interface Entrant {
  /** The id through which it has everything; `undefined` for a newcomer. */
  readonly afterId: string | undefined;
  /** How many of the newest events of each stream a newcomer wants; left out, as the streams say. */
  readonly since: number | undefined;
  /** Whether it is told of a reset, and so let in even if nothing more will come. */
  readonly isReset: boolean;
  /** What the application wants to know of it. */
  readonly context: unknown;
}

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
  readonly #onEmpty: (audience: Audience) => void;
  readonly #merged: MergedHistory;
  readonly #catchUp: CatchUp;
  #flushedThrough = 0;

  /**
   * Begins without subscribers.
   *
   * @param onEmpty Called when its last subscriber has ended.
   */
  constructor(
    key: string,
    streams: readonly Stream[],
    source: AudienceSource,
    onEmpty: (audience: Audience) => void,
  ) {
    this.key = key;
    this.streams = streams;
    this.#source = source;
    this.#onEmpty = onEmpty;
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

  /**
   * Lets a subscriber in, in a turn in which all of its streams has been flushed.
   *
   * @param open Opens its response, given the id from which it goes on.
   * @returns Its response; `undefined` if it has everything and nothing more will come.
   */
  admit(entrant: Entrant, open: (startId: string) => EventResponse): EventResponse | undefined {
    const { afterId, since, isReset, context } = entrant;
    const { head, turn } = this.#source.sequencer;
    this.#flushedThrough = head;
    const start = afterId === undefined
      ? this.#catchUp.startWithNewest(since)
      : this.#catchUp.startAfter(afterId);
    const isLacking = this.#catchUp.hasAfter(start);
    if (this.isEnded && !isLacking && !isReset) return undefined;
    const response = open(start.id);
    const subscriber = new Subscriber(context, response, turn);
    this.#add(subscriber);
    attempt(subscriber, () => {
      if (isLacking) this.#catchUp.begin(subscriber, start);
      else if (this.isEnded) response.end("ended");
    });
    return response;
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
        if (chunk.gaps > 0) this.#source.counters.gaps += chunk.gaps;
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

  #each(act: (subscriber: Subscriber) => void): void {
    for (const subscriber of this.#subscribers) attempt(subscriber, act);
  }

  #add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    for (const stream of this.streams) stream.subscribers++;
    subscriber.response.onEnd(() => this.#remove(subscriber));
  }

  #remove(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    for (const stream of this.streams) stream.subscribers--;
    if (this.size === 0) this.#onEmpty(this);
  }
}

/** Does something for a subscriber; if that fails, the subscriber ends, and no other. */
function attempt(subscriber: Subscriber, act: (subscriber: Subscriber) => void): void {
  try {
    act(subscriber);
  } catch (error) {
    subscriber.response.fail(error);
  }
}
