/**
 * A hub's order of events, and when they go out: all that one turn of the event loop appends at once.
 *
 * @module
 */

import { encodeChecked, type ServerSentEvent } from "../wire/event.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { Histogram, type HistogramCounts } from "../wire/histogram.ts";
import { compareIds } from "../wire/ids.ts";
import type { LeftOut } from "../log/event_log.ts";
import type { Report } from "../wire/report.ts";
import type { Stream, StreamAudience } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Numbers events, keeps them, and has them flushed. */
export class Sequencer {
  readonly #streams: Streams;
  readonly #now: () => number;
  readonly #report: Report;
  // Those that have something to flush.
  readonly #dirty = new Set<Stream>();
  readonly #flushEvents = new Histogram([1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500]);
  readonly #latencyMs = new Histogram([0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1_000]);
  #waitingBytes = 0;
  #waitingSinceMs = 0;
  #flushedThrough = 0;
  #head = 0;
  #published = 0;
  #newestMs = -Infinity;
  #turn = 0;
  #isOpen = false;

  /** Begins at position 0, before the first event. */
  constructor(streams: Streams, now: () => number, report: Report) {
    this.#streams = streams;
    this.#now = now;
    this.#report = report;
  }

  /** The position of the newest event. */
  get head(): number {
    return this.#head;
  }

  /** How many events were appended. */
  get published(): number {
    return this.#published;
  }

  /** The number of the turn that is open, or opens next. */
  get turn(): number {
    return this.#turn;
  }

  /** How many events each flush sent. */
  get flushEvents(): HistogramCounts {
    return this.#flushEvents.counts();
  }

  /** How long the first event of each flush had waited when all had been handed over, in milliseconds. */
  get latencyMs(): HistogramCounts {
    return this.#latencyMs.counts();
  }

  /**
   * Encodes an event that was checked and adds it to its stream; it goes out when the turn ends, or
   * 64 KiB wait.
   *
   * @param id What goes out as its id; none for an event of the moment.
   * @param ageMs How long ago it was published.
   */
  append(stream: Stream, event: ServerSentEvent, id?: string, ageMs = 0): void {
    const encoded = encodeChecked(event, id);
    // What goes out together has one time: to ask the clock costs as much as to encode an event.
    if (this.#dirty.size === 0) this.#waitingSinceMs = this.#now();
    // By the clocks of several machines, one event may look older than the one before it.
    this.#newestMs = Math.max(this.#newestMs, this.#waitingSinceMs - ageMs);
    stream.touchedMs = this.#newestMs;
    stream.published++;
    this.#published++;
    const bytes = stream.history.append(++this.#head, encoded, stream.touchedMs);
    this.#dirty.add(stream);
    this.#waitingBytes += bytes;
    this.#open();
    if (this.#waitingBytes > MAX_CHUNK_BYTES) this.flush();
  }

  /** Ends a stream after all that it has had; its subscribers that have everything end. */
  end(stream: Stream, endId: string, ageMs = 0): void {
    this.flush();
    stream.endId = endId;
    stream.touchedMs = this.#now() - ageMs;
    for (const audience of stream.audiences) audience.endIfDone();
  }

  /** Has a stream begin after events that are in the log alone. Call it before anybody subscribes to it. */
  leaveOut(stream: Stream, { throughId, events }: LeftOut): void {
    stream.published += events;
    this.#published += events;
    // What was lost after them is lost all the same.
    if (compareIds(throughId, stream.history.evictedId) <= 0) return;
    if (this.#dirty.has(stream)) this.flush();
    stream.skip(++this.#head, throughId);
    this.#streams.settle([stream], this.#now());
  }

  /** Leaves out what streams would have had up to an id. It tells those that subscribe to them. */
  skip(streams: Iterable<Stream>, throughId: string): void {
    this.flush();
    this.#head++;
    for (const stream of streams) {
      stream.skip(this.#head, throughId);
      this.#dirty.add(stream);
    }
    this.flush();
  }

  /**
   * Begins anew after an id, without what was kept of some streams. Tell those that subscribe to the
   * streams before anything is appended.
   */
  reset(streams: Iterable<Stream>, id: string): void {
    this.flush();
    this.#head++;
    this.#flushedThrough = this.#head;
    for (const stream of streams) stream.skip(this.#head, id);
    this.#streams.settle(streams, this.#now());
  }

  /** Sends what waits, then drops what exceeds the histories' bounds. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    for (const stream of this.#dirty) {
      for (const audience of stream.audiences) this.#flushAudience(audience);
    }
    const nowMs = this.#now();
    this.#flushEvents.observe(this.#head - this.#flushedThrough);
    this.#latencyMs.observe(nowMs - this.#waitingSinceMs);
    this.#streams.settle(this.#dirty, nowMs);
    this.#dirty.clear();
    this.#waitingBytes = 0;
    this.#flushedThrough = this.#head;
  }

  // What one audience throws must not keep the events from the others.
  #flushAudience(audience: StreamAudience): void {
    try {
      audience.flush(this.#head, this.#turn);
    } catch (error) {
      audience.close("failed");
      this.#report(error);
    }
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    queueMicrotask(() => this.#end());
  }

  #end(): void {
    this.flush();
    this.#isOpen = false;
    this.#turn++;
  }
}
