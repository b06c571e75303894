/**
 * The hub's order of events, and their flush: all events of one turn of the event loop go out together.
 *
 * @module
 */

import { encodeChecked, type ServerSentEvent } from "../wire/event.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { Histogram, type HistogramCounts } from "../wire/histogram.ts";
import { compareIds, laterId } from "../wire/ids.ts";
import type { LeftOut, LossDetails } from "../log/event_log.ts";
import type { Report } from "../wire/report.ts";
import type { Stream, StreamAudience } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Gives events their positions, appends them to the histories, and flushes them to the audiences. */
export class Sequencer {
  readonly #streams: Streams;
  readonly #now: () => number;
  readonly #report: Report;
  // The streams with events that wait for the flush.
  readonly #dirty = new Set<Stream>();
  readonly #flushEvents = new Histogram([1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500]);
  readonly #latencyMs = new Histogram([0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1_000]);
  #waitingBytes = 0;
  #waitingSinceMs = 0;
  #flushedThrough = 0;
  #head = 0;
  #newestId = "";
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

  /** The number of the current turn, or of the next turn if none is open. */
  get turn(): number {
    return this.#turn;
  }

  /** A histogram of the events in each flush. */
  get flushEvents(): HistogramCounts {
    return this.#flushEvents.counts();
  }

  /**
   * A histogram of how long each flush's first event waited until the flush was done, in milliseconds.
   */
  get latencyMs(): HistogramCounts {
    return this.#latencyMs.counts();
  }

  /**
   * Encodes a checked event and appends it to its stream's history. It goes out at the end of the turn,
   * or as soon as more than 64 KiB wait.
   *
   * @param id The id on the wire; left out for an ephemeral event.
   * @param ageMs How long ago the event was published, in milliseconds.
   */
  append(stream: Stream, event: ServerSentEvent, id?: string, ageMs = 0): void {
    const encoded = encodeChecked(event, id);
    // One time for all events of a flush: reading the clock costs as much as encoding an event.
    if (this.#dirty.size === 0) this.#waitingSinceMs = this.#now();
    // The clocks of machines differ, so an event may seem older than the event before it.
    this.#newestMs = Math.max(this.#newestMs, this.#waitingSinceMs - ageMs);
    stream.touchedMs = this.#newestMs;
    stream.published++;
    this.#published++;
    const bytes = stream.history.append(++this.#head, encoded, stream.touchedMs);
    this.#newestId = id ?? this.#newestId;
    stream.change(this.#head, this.#newestId);
    this.#dirty.add(stream);
    this.#waitingBytes += bytes;
    this.#open();
    if (this.#waitingBytes > MAX_CHUNK_BYTES) this.flush();
  }

  /** Ends a stream. If all streams of an audience have ended, its current subscribers end too. */
  end(stream: Stream, endId: string, ageMs = 0): void {
    this.flush();
    stream.endId = endId;
    stream.touchedMs = this.#now() - ageMs;
    for (const audience of stream.audiences) audience.endIfDone();
  }

  /** Begins a stream's history after events that only the log has. Call it before anybody subscribes. */
  leaveOut(stream: Stream, { throughId, events }: LeftOut): void {
    stream.published += events;
    this.#published += events;
    // A loss after these events has already moved the start of the history past them.
    if (compareIds(throughId, stream.history.evictedId) <= 0) return;
    if (this.#dirty.has(stream)) this.flush();
    this.#head++;
    this.#skip(stream, throughId);
    this.#streams.settle([stream], this.#now());
  }

  /**
   * Empties the histories of streams that have lost events through an id. Their subscribers get a gap.
   *
   * @param loss What is known of the events: subscribers that lack none of them get no gap.
   */
  skip(streams: Iterable<Stream>, throughId: string, loss?: LossDetails): void {
    this.flush();
    this.#head++;
    for (const stream of streams) {
      this.#skip(stream, throughId);
      this.#dirty.add(stream);
    }
    this.flush(loss);
  }

  #skip(stream: Stream, throughId: string): void {
    stream.skip(this.#head, throughId);
    this.#newestId = laterId(this.#newestId, throughId);
    stream.change(this.#head, this.#newestId);
  }

  /**
   * Empties the histories of some streams and begins anew after an id. The caller must send the
   * subscribers of these streams a `reset` before it appends anything.
   */
  reset(streams: Iterable<Stream>, id: string): void {
    this.flush();
    this.#head++;
    this.#flushedThrough = this.#head;
    // Ids of the old log and the new one can't be compared, so no stream may keep an id of the old log.
    this.#newestId = id;
    for (const stream of this.#streams.ephemeral()) stream.change(this.#head, id);
    for (const stream of streams) this.#skip(stream, id);
    this.#streams.settle(streams, this.#now());
  }

  /**
   * Sends the waiting events, then evicts events that exceed the bounds of the histories.
   *
   * @param loss Given if nothing but a gap waits: subscribers that lack none of the lost events don't get it.
   */
  flush(loss?: LossDetails): void {
    if (this.#dirty.size === 0) return;
    let rests: Set<Stream> | undefined;
    for (const stream of this.#dirty) {
      for (const audience of stream.audiences) this.#flushAudience(audience, loss);
      for (const { rest } of stream.places) (rests ??= new Set()).add(rest);
    }
    for (const rest of rests ?? []) {
      for (const audience of rest.audiences) this.#flushAudience(audience, loss);
    }
    const nowMs = this.#now();
    this.#flushEvents.observe(this.#head - this.#flushedThrough);
    this.#latencyMs.observe(nowMs - this.#waitingSinceMs);
    this.#streams.settle(this.#dirty, nowMs);
    this.#dirty.clear();
    this.#waitingBytes = 0;
    this.#flushedThrough = this.#head;
  }

  // An audience that throws must not keep the other audiences from their events.
  #flushAudience(audience: StreamAudience, loss?: LossDetails): void {
    try {
      audience.flush(this.#flushedThrough, this.#head, this.#turn, loss);
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
