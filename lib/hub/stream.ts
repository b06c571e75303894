/**
 * A named broadcast stream, and the hub's record of it.
 *
 * @module
 */

import type { GoawayReason } from "../wire/control_events.ts";
import { History, type HistoryBounds } from "../history/history.ts";
import { compareIds } from "../wire/ids.ts";
import type { LossDetails } from "../log/event_log.ts";
import type { SlowPolicy, StreamOptions } from "./stream_options.ts";

/** A stream's place in a pattern that covers it, as the stream sees it. See `pattern.ts`. */
export interface StreamPlace {
  /** The `rest` of the pattern, which has the pattern's audiences. */
  readonly rest: Stream;
  /** Moves the stream to the end of the pattern's order, after it has changed. */
  moveToEnd(): void;
  /** Records that the stream has evicted events. */
  noteEvicted(): void;
  /** Records that newcomers get kept events of the stream. */
  noteReplays(): void;
  /** Removes the stream from the pattern, which keeps in mind that the stream may have had events. */
  remove(): void;
}

/** An audience as its streams see it: the subscribers of one set of streams and patterns. See `audience.ts`. */
export interface StreamAudience {
  /** The names of the streams, and the patterns, sorted. */
  readonly names: readonly string[];
  /** The types of the events that go out; `undefined` for all types. */
  readonly types: readonly string[] | undefined;
  /**
   * Sends the events published after one position and through another; a gap only to those who lack
   * something.
   */
  flush(after: number, through: number, turn: number, loss?: LossDetails): void;
  /** If all streams have ended, ends the subscribers that have every event. */
  endIfDone(): void;
  /** Ends all subscribers with a `goaway`. */
  close(reason: GoawayReason): void;
}

/** A stream, with everything that the hub keeps of it. */
export class Stream {
  /** The name by which clients publish and subscribe. */
  readonly name: string;
  /** The newest events. */
  history: History;
  /** The audiences that subscribe to the stream. */
  readonly audiences: Set<StreamAudience> = new Set();
  /** How many of these audiences get only some types of events. */
  selectiveAudiences = 0;
  /** The positions of kept events, by the keys that their publishers gave them. */
  readonly publisherKeys: Map<string, number> = new Map();
  #keyBytes = 0;
  /** The stream's places in the patterns that cover it and have subscribers. */
  readonly places: StreamPlace[] = [];
  /** The position at which the stream last changed; -1 before its first event. */
  changedAt = -1;
  /** The newest id of the whole hub when the stream last changed; `""` before its first event. */
  changedId = "";
  /** How often events were skipped: see {@linkcode skip}. */
  skips = 0;
  /** Through which position its history says nothing about the stream, which was created later. */
  createdAfter = -1;
  /** False while the stream exists only because somebody subscribes to its name. */
  isCreated = false;
  /** Whether the application called `createStream()`: then the stream is not forgotten until it ends. */
  isDeclared = false;
  /** The options that `createStream()` was given. */
  ownOptions: StreamOptions = {};
  /** The id of the stream's end; `undefined` while the stream goes on. */
  endId: string | undefined;
  /** See {@linkcode StreamOptions.ephemeral}. */
  isEphemeral = false;
  /** See {@linkcode StreamOptions.slowSubscriber}. */
  slowSubscriber: SlowPolicy = "disconnect";
  /** The bounds of the history. */
  bounds: HistoryBounds = { maxEvents: 1, maxBytes: 1, maxAgeMs: 0 };
  /** How many events were published since the stream was created. */
  published = 0;
  /** How many events a second were published between the last two calls of {@linkcode measure}. */
  rate = 0;
  #measured = 0;
  /** How many subscribers name the stream on this instance; its audiences count them. */
  subscribers = 0;
  /** See {@linkcode StreamOptions.replayEvents}. */
  replayEvents = 0;
  /** When the stream was created, last published to, or ended; in milliseconds by the hub's clock. */
  touchedMs: number;
  /** How many bytes of the hub's total are this stream's. */
  countedBytes = 0;

  /** Makes a stream that has not been created yet, with an empty history. */
  constructor(name: string, history: History, nowMs: number) {
    this.name = name;
    this.history = history;
    this.touchedMs = nowMs;
  }

  /** Adds an audience that subscribes to the stream. */
  addAudience(audience: StreamAudience): void {
    this.audiences.add(audience);
    if (audience.types) this.selectiveAudiences++;
  }

  /** Removes an audience. */
  removeAudience(audience: StreamAudience): void {
    this.audiences.delete(audience);
    if (audience.types) this.selectiveAudiences--;
  }

  /** Measures the rate of publishing since the last call, which was `seconds` ago. */
  measure(seconds: number): void {
    this.rate = Math.max(this.published - this.#measured, 0) / seconds;
    this.#measured = this.published;
  }

  /** How many subscribers get the stream's events, by its name or by a pattern. */
  get allSubscribers(): number {
    return this.places.reduce((sum, { rest }) => sum + rest.subscribers, this.subscribers);
  }

  /** Records that the stream has changed at a position of the hub. Call it in the order of positions. */
  change(position: number, newestId: string): void {
    this.changedAt = position;
    this.changedId = newestId;
    for (const place of this.places) place.moveToEnd();
  }

  /** Whether the stream has ended, and so will have no more events. */
  get isEnded(): boolean {
    return this.endId !== undefined;
  }

  /**
   * Sets options that {@linkcode checkStreamOptions} has accepted. Options left out keep their values.
   *
   * @throws {TypeError} If `ephemeral` would change although the stream has had events.
   */
  configure(options: StreamOptions): void {
    const { maxEvents, maxBytes, maxAgeMs } = this.bounds;
    const { ephemeral = this.isEphemeral } = options;
    if (ephemeral !== this.isEphemeral && this.published > 0) {
      throw new TypeError(
        `Cannot configure stream "${this.name}": ephemeral can't change once it has had events`,
      );
    }
    this.isEphemeral = ephemeral;
    this.slowSubscriber = ephemeral ? "latest" : options.slowSubscriber ?? this.slowSubscriber;
    this.replayEvents = options.replayEvents ?? this.replayEvents;
    if (this.replayEvents > 0) this.places.forEach((place) => place.noteReplays());
    this.bounds = {
      maxEvents: ephemeral ? 1 : options.historyEvents ?? maxEvents,
      maxBytes: options.historyBytes ?? maxBytes,
      maxAgeMs: options.historyMs ?? maxAgeMs,
    };
  }

  /** Every option with the value that holds. */
  get options(): Required<StreamOptions> {
    const { isEphemeral: ephemeral, slowSubscriber, replayEvents } = this;
    const { maxEvents: historyEvents, maxBytes: historyBytes, maxAgeMs: historyMs } = this.bounds;
    return { ephemeral, slowSubscriber, historyEvents, historyBytes, historyMs, replayEvents };
  }

  /** Sets options as `createStream()` does: see {@linkcode configure}. */
  declare(options: StreamOptions): void {
    this.configure(options);
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    this.ownOptions = { ...this.ownOptions, ...Object.fromEntries(given) };
    this.isDeclared = true;
  }

  /** Whether subscribers need no evicted event, because a newer event that replaces it is kept. */
  get replacesEvicted(): boolean {
    return this.slowSubscriber === "latest" && (this.isEphemeral || this.history.events > 0);
  }

  /** Whether the history has evicted events after an id that subscribers can't do without. */
  lacksAfter(id: string): boolean {
    return compareIds(id, this.history.evictedId) < 0 && !this.replacesEvicted;
  }

  /** If the stream has ended, begins a new stream of the same name. */
  beginAnew(): void {
    if (!this.isEnded) return;
    this.endId = undefined;
    // With 0, the next publish is the first of the stream, and says so in the log: other instances may
    // know of the end.
    this.published = 0;
  }

  /** How many bytes the stream keeps: encoded events, and an estimate for the publishers' keys. */
  get bytes(): number {
    return this.history.bytes + this.#keyBytes;
  }

  /** Records the publisher's key of the event at a position. */
  setKey(key: string, position: number): void {
    // Deleted first, so that the map stays in the order of positions.
    if (this.publisherKeys.delete(key)) this.#keyBytes -= key.length + KEY_BYTES;
    this.publisherKeys.set(key, position);
    this.#keyBytes += key.length + KEY_BYTES;
  }

  /** Returns the id of the kept event with a publisher's key. */
  idOfKey(key = ""): string | undefined {
    const position = this.publisherKeys.get(key);
    return position === undefined ? undefined : this.history.idOf(position);
  }

  /** Evicts events that exceed the bounds. Call it only when every event has been flushed. */
  evict(nowMs: number): void {
    this.history.evict(this.bounds, nowMs);
    this.#dropKeys();
  }

  /** Evicts all events. Call it only when every event has been flushed. */
  clear(): void {
    this.history.clear();
    this.#dropKeys();
  }

  /**
   * Evicts all events, and begins an empty history after a position and its id. Call it only when every
   * event has been flushed.
   */
  skip(position: number, id: string): void {
    this.history = new History(position, id);
    this.skips++;
    this.#dropKeys();
  }

  #dropKeys(): void {
    for (const [key, position] of this.publisherKeys) {
      if (position > this.history.evictedThrough) return;
      this.publisherKeys.delete(key);
      this.#keyBytes -= key.length + KEY_BYTES;
    }
  }
}

// The overhead of a key beyond its characters. Measured in V8: a key of 32 characters takes 77 bytes.
const KEY_BYTES = 48;
