/**
 * A hub's order of events, and when they go out: all that one turn of the event loop appends at once.
 *
 * @module
 */

import { encodeChecked, type ServerSentEvent } from "./event.ts";
import { Histogram, type HistogramCounts } from "./histogram.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Numbers events, keeps them, and has them flushed. */
export class Turns {
  readonly #streams: Streams;
  readonly #now: () => number;
  // Those that have something to flush.
  readonly #dirty = new Set<Stream>();
  readonly #flushEvents = new Histogram([1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500]);
  readonly #latencyMs = new Histogram([0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1_000]);
  #waitingBytes = 0;
  #waitingSinceMs = 0;
  #flushedThrough = 0;
  #head = 0;
  #turn = 0;
  #isOpen = false;

  /** Begins at position 0, before the first event. */
  constructor(streams: Streams, now: () => number) {
    this.#streams = streams;
    this.#now = now;
  }

  /** The position of the newest event. */
  get head(): number {
    return this.#head;
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

  /** Encodes an event that was checked and adds it to its stream; it goes out when the turn ends, or 64 KiB wait. */
  append(stream: Stream, event: ServerSentEvent): void {
    const text = encodeChecked(event);
    stream.touchedMs = this.#now();
    stream.published++;
    const bytes = stream.history.append(++this.#head, text, stream.touchedMs);
    if (this.#dirty.size === 0) this.#waitingSinceMs = stream.touchedMs;
    this.#dirty.add(stream);
    this.#waitingBytes += bytes;
    if (!this.#isOpen) {
      this.#isOpen = true;
      queueMicrotask(() => this.#end());
    }
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.flush();
  }

  /** Sends what waits, then drops what exceeds the histories' bounds. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    for (const stream of this.#dirty) {
      for (const feed of stream.feeds) feed.flush(this.#head, this.#turn);
    }
    const nowMs = this.#now();
    this.#flushEvents.observe(this.#head - this.#flushedThrough);
    this.#latencyMs.observe(nowMs - this.#waitingSinceMs);
    this.#streams.settle(this.#dirty, nowMs);
    this.#dirty.clear();
    this.#waitingBytes = 0;
    this.#flushedThrough = this.#head;
  }

  #end(): void {
    this.flush();
    this.#isOpen = false;
    this.#turn++;
  }
}

const MAX_WAITING_BYTES = 65_536;
