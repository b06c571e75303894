/**
 * The streams of a hub: found by name, bounded together, forgotten when nobody needs them.
 *
 * @module
 */

import { History } from "../history/history.ts";
import { HubError } from "./hub_error.ts";
import type { HistoryLimits } from "../log/event_log.ts";
import type { Pattern } from "./pattern.ts";
import { Patterns } from "./patterns.ts";
import { SortedNames } from "./sorted_names.ts";
import { Stream } from "./stream.ts";
import type { StreamOptions } from "./stream_options.ts";
import { checkStreamName, coversStream } from "../wire/stream_name.ts";

/** The bounds of all streams together, and the options of streams that have none of their own. */
export interface StreamsOptions extends Required<StreamOptions> {
  /** The most created streams. A name that has only subscribers does not count. */
  readonly maxStreams: number;
  /** The most bytes of encoded events and publishers' keys in all histories together. */
  readonly historyTotalBytes: number;
}

/** The streams of a hub. */
export class Streams {
  readonly #options: StreamsOptions;
  readonly #byName = new Map<string, Stream>();
  // The streams that keep events, in the order of their last publish.
  readonly #keeping = new Set<Stream>();
  readonly #created = new SortedNames();
  readonly #patterns = new Patterns();
  #size = 0;
  #bytes = 0;
  #measuredMs = -Infinity;
  readonly #startId: () => string;
  // The highest position of any forgotten stream, and its id: a new stream may have had events through
  // there.
  #forgottenThrough = 0;
  #forgottenId: string | undefined;

  /**
   * Begins without streams.
   *
   * @param startId Returns the id through which this hub has no record of what existed.
   */
  constructor(options: StreamsOptions, startId: () => string) {
    this.#options = options;
    this.#startId = startId;
  }

  /** How many streams are created. A name that has only subscribers does not count. */
  get size(): number {
    return this.#size;
  }

  /** The bytes of encoded events and publishers' keys in all histories together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the stream with a name, if it is created. */
  get(name: string): Stream | undefined {
    const stream = this.#byName.get(name);
    return stream?.isCreated ? stream : undefined;
  }

  /** Returns how many audiences of a stream or a pattern get only some types of events. */
  selectiveAudiencesOf(name: string): number {
    const { selectiveAudiences = 0 } = this.#byName.get(name) ?? this.#patterns.get(name)?.rest ??
      {};
    return selectiveAudiences;
  }

  /** Returns the created streams whose names come after a name, sorted by name. */
  after(name: string): IteratorObject<Stream> {
    return this.#created.after(name).map((name) => this.#byName.get(name)!);
  }

  /** How much the histories can keep, including the histories of future streams. */
  get limits(): HistoryLimits {
    const { historyTotalBytes, historyEvents, historyBytes, historyMs } = this.#options;
    const bounds = { maxEvents: historyEvents, maxBytes: historyBytes, maxAgeMs: historyMs };
    return { maxBytes: historyTotalBytes, of: (name) => this.get(name)?.bounds ?? bounds };
  }

  /**
   * Returns all streams that are not ephemeral, including names that have only subscribers, and the
   * `rest` of each pattern.
   */
  lasting(): Stream[] {
    return [
      ...this.#byName.values().filter(({ isEphemeral }) => !isEphemeral),
      ...this.#patterns.rests(),
    ];
  }

  /**
   * Returns those of the lasting streams that events of some names may be missing in. A stream that is
   * not created counts for its patterns as well.
   */
  lastingOf(names: readonly string[]): Stream[] {
    const unknown = names.filter((name) => !this.get(name));
    const rests = this.#patterns.rests().filter(({ name }) =>
      unknown.some((other) => coversStream(name, other))
    );
    const streams = names.map((name) => this.#byName.get(name)).filter((stream) =>
      stream !== undefined
    );
    return [...streams.filter(({ isEphemeral }) => !isEphemeral), ...rests];
  }

  /** Returns the ephemeral streams. */
  ephemeral(): Stream[] {
    return [...this.#byName.values()].filter(({ isEphemeral }) => isEphemeral);
  }

  /**
   * Checks that a stream with this name exists or may be created.
   *
   * @throws {HubError} Code `full`, if there are too many streams.
   */
  checkRoom(name: string): void {
    const { maxStreams } = this.#options;
    if (this.#size < maxStreams || this.get(name)) return;
    throw new HubError(
      "full",
      `Cannot create stream "${name}": there are already ${maxStreams} streams`,
    );
  }

  /** Returns the stream with a name, and creates it if necessary. */
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
    created.createdAfter = created.history.evictedThrough;
    created.changedAt = -1;
    created.changedId = "";
    this.#patterns.join(created);
    return created;
  }

  /** Returns the stream with a name for a subscriber, whether the stream is created or not. */
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

  /** Returns the pattern of a name for a subscriber. */
  holdPattern(name: string, nowMs: number): Pattern {
    const pattern = this.#patterns.get(name);
    if (pattern) return pattern;
    const rest = new Stream(name, this.#newHistory(), nowMs);
    rest.configure(this.#options);
    return this.#patterns.add(rest, this.#coveredBy(name));
  }

  #coveredBy(pattern: string): IteratorObject<Stream> {
    const folder = pattern.slice(0, -1);
    const names = this.#created.after(folder);
    // The names that begin with a text are neighbours.
    return Iterator.from(function* () {
      for (const name of names) {
        if (name.startsWith(folder)) yield name;
        else return;
      }
    }()).map((name) => this.#byName.get(name)!);
  }

  /** After a flush of these streams, evicts what exceeds their bounds or the bound of all histories. */
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

  /** Measures the rates of all streams. The hub calls it every second. */
  measure(nowMs: number): void {
    const seconds = (nowMs - this.#measuredMs) / 1_000;
    this.#measuredMs = nowMs;
    if (seconds <= 0) return;
    for (const stream of this.#byName.values()) stream.measure(seconds);
  }

  /** Evicts events that are too old, and forgets streams and patterns that nobody needs any more. */
  expire(nowMs: number): void {
    this.#patterns.expire(nowMs);
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

  /** Forgets a stream. While an audience of several streams includes the stream, its name is held. */
  remove(stream: Stream): void {
    stream.clear();
    this.#count(stream);
    const { evictedThrough, evictedId } = stream.history;
    if (stream.isEphemeral) {
      // Ephemeral events have no ids, so nobody can resume after them.
      stream.history = this.#newHistory();
    } else {
      this.forget(evictedThrough, evictedId);
    }
    if (stream.isCreated) {
      this.#created.delete(stream.name);
      this.#size--;
      this.#patterns.leave(stream);
    }
    stream.isCreated = false;
    stream.isDeclared = false;
    stream.ownOptions = {};
    stream.endId = undefined;
    this.release(stream);
  }

  /** Records that a forgotten stream may have had events through a position and its id. */
  forget(throughPosition: number, throughId: string): void {
    if (throughPosition <= this.#forgottenThrough) return;
    this.#forgottenThrough = throughPosition;
    this.#forgottenId = throughId;
  }

  /** Drops the name of a stream that is not created, unless an audience still includes the stream. */
  release(stream: Stream): void {
    if (!stream.isCreated && stream.audiences.size === 0) this.#byName.delete(stream.name);
  }

  #newHistory(): History {
    return new History(this.#forgottenThrough, this.#forgottenId ?? this.#startId());
  }

  /** Updates the total with the bytes that a stream keeps now. */
  #count(stream: Stream): void {
    this.#bytes += stream.bytes - stream.countedBytes;
    stream.countedBytes = stream.bytes;
    for (const place of stream.places) place.noteEvicted();
    if (stream.history.events === 0) this.#keeping.delete(stream);
  }
}
