/**
 * The streams of a hub: found by name, bounded together, forgotten when nobody needs them.
 *
 * @module
 */

import { History } from "../history/history.ts";
import { HubError } from "./hub_error.ts";
import type { HistoryLimits } from "../log/event_log.ts";
import { SortedNames } from "./sorted_names.ts";
import { Stream, type StreamOptions } from "./stream.ts";
import { checkStreamName } from "../wire/stream_name.ts";

/** What holds for all streams together, and for each that has no option of its own. */
export interface StreamsOptions extends Required<StreamOptions> {
  /** The most streams, those that only have subscribers not counted. */
  readonly maxStreams: number;
  /** The most encoded bytes, and bytes of publishers' keys, kept in all histories together. */
  readonly historyTotalBytes: number;
}

/** The streams of a hub. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #byName = new Map<string, Stream>();
  // Those that keep events, by their last publish, the longest ago first.
  readonly #keeping = new Set<Stream>();
  readonly #created = new SortedNames();
  #size = 0;
  #bytes = 0;
  readonly #startId: () => string;
  // The highest position that a forgotten stream reached, and its id: up to there, a name that is not
  // known may have had events.
  #forgottenThrough = 0;
  #forgottenId: string | undefined;

  /**
   * Begins without streams.
   *
   * @param startId Gives the id up to which it is not known what there was.
   */
  constructor(options: StreamsOptions, startId: () => string) {
    this.#options = options;
    this.#startId = startId;
  }

  /** How many there are, those that only have subscribers not counted. */
  get size(): number {
    return this.#size;
  }

  /** Encoded bytes kept in all histories together, and bytes of publishers' keys. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The stream of a name, if it was created and not removed or forgotten. */
  get(name: string): Stream | undefined {
    const stream = this.#byName.get(name);
    return stream?.isCreated ? stream : undefined;
  }

  /** Those that were created, in the order of their names, from after a name on. */
  after(name: string): IteratorObject<Stream> {
    return this.#created.after(name).map((name) => this.#byName.get(name)!);
  }

  /** How much the histories can keep, also those of streams that are yet to come. */
  get limits(): HistoryLimits {
    const { historyTotalBytes, historyEvents, historyBytes, historyMs } = this.#options;
    const bounds = { maxEvents: historyEvents, maxBytes: historyBytes, maxAgeMs: historyMs };
    return { maxBytes: historyTotalBytes, of: (name) => this.get(name)?.bounds ?? bounds };
  }

  /** All whose events are not of the moment, those that only have subscribers included. */
  lasting(): Stream[] {
    return [...this.#byName.values()].filter(({ isEphemeral }) => !isEphemeral);
  }

  /**
   * Checks that one more stream may be created, if there is none of this name.
   *
   * @throws {HubError} Code `full`, if there are too many.
   */
  checkRoom(name: string): void {
    const { maxStreams } = this.#options;
    if (this.#size < maxStreams || this.get(name)) return;
    throw new HubError(
      "full",
      `Cannot create stream "${name}": there are ${maxStreams} streams already`,
    );
  }

  /** Creates a stream, or returns the one there is. */
  create(name: string, nowMs: number): Stream {
    const stream = this.#byName.get(name);
    if (stream?.isCreated) return stream;
    const created = this.hold(name, nowMs);
    this.#created.add(name);
    this.#size++;
    created.isCreated = true;
    created.touchedMs = nowMs;
    created.published = 0;
    created.configure(this.#options);
    return created;
  }

  /** The stream of a name for somebody who waits for it, created or not. */
  hold(name: string, nowMs: number): Stream {
    let stream = this.#byName.get(name);
    if (!stream) {
      checkStreamName(name);
      stream = new Stream(name, this.#newHistory(), nowMs);
      stream.configure(this.#options);
      this.#byName.set(name, stream);
    }
    return stream;
  }

  /** Drops what exceeds the bounds after these streams were flushed, theirs and everybody's. */
  settle(flushed: Iterable<Stream>, nowMs: number): void {
    for (const stream of flushed) {
      this.#keeping.delete(stream);
      this.#keeping.add(stream);
      stream.evict(nowMs);
      this.#count(stream);
    }
    for (const stream of this.#keeping) {
      if (this.#bytes <= this.#options.historyTotalBytes || this.#keeping.size === 1) return;
      stream.clear();
      this.#count(stream);
    }
  }

  /** Drops what is too old, and forgets the streams that nobody can want any more. */
  expire(nowMs: number): void {
    for (const stream of this.#keeping) {
      stream.evict(nowMs);
      this.#count(stream);
    }
    for (const stream of this.#byName.values()) {
      if (stream.isDeclared && !stream.isEnded) continue;
      const isOld = nowMs - stream.touchedMs > stream.bounds.maxAgeMs;
      if (isOld && stream.history.events === 0 && stream.audiences.size === 0) this.remove(stream);
    }
  }

  /** Forgets a stream; while it has subscribers of several streams, its name is kept for them. */
  remove(stream: Stream): void {
    stream.clear();
    this.#count(stream);
    const { evictedThrough, evictedId } = stream.history;
    if (stream.isEphemeral) {
      // What was of the moment has no ids, and nobody can have missed it.
      stream.history = this.#newHistory();
    } else {
      this.forget(evictedThrough, evictedId);
    }
    if (stream.isCreated) {
      this.#created.delete(stream.name);
      this.#size--;
    }
    stream.isCreated = false;
    stream.isDeclared = false;
    stream.endId = undefined;
    this.release(stream);
  }

  /** Takes note that names that are not known may have had events up to a position, and its id. */
  forget(throughPosition: number, throughId: string): void {
    if (throughPosition <= this.#forgottenThrough) return;
    this.#forgottenThrough = throughPosition;
    this.#forgottenId = throughId;
  }

  /** Lets go of a stream that was held, unless it was created or others hold it. */
  release(stream: Stream): void {
    if (!stream.isCreated && stream.audiences.size === 0) this.#byName.delete(stream.name);
  }

  #newHistory(): History {
    return new History(this.#forgottenThrough, this.#forgottenId ?? this.#startId());
  }

  /** Counts what a stream keeps now. */
  #count(stream: Stream): void {
    this.#bytes += stream.bytes - stream.countedBytes;
    stream.countedBytes = stream.bytes;
    if (stream.history.events === 0) this.#keeping.delete(stream);
  }
}
