/**
 * A hub's order of events, and when they go out: all that one turn of the event loop appends at once.
 *
 * @module
 */

import { encodeEvent, type ServerSentEvent } from "./event.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** Numbers events, keeps them, and has them flushed. */
export class Turns {
  readonly #streams: Streams;
  readonly #now: () => number;
  // Those that have something to flush.
  readonly #dirty = new Set<Stream>();
  #waitingBytes = 0;
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

  /** Encodes an event and adds it to its stream; it goes out when the turn ends, or 64 KiB wait. */
  append(stream: Stream, event: ServerSentEvent): void {
    const bytes = encoder.encode(encodeEvent(event));
    stream.touchedMs = this.#now();
    stream.history.append(++this.#head, bytes, stream.touchedMs);
    this.#dirty.add(stream);
    this.#waitingBytes += bytes.length;
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
    this.#streams.settle(this.#dirty, this.#now());
    this.#dirty.clear();
    this.#waitingBytes = 0;
  }

  #end(): void {
    this.flush();
    this.#isOpen = false;
    this.#turn++;
  }
}

const encoder = new TextEncoder();
const MAX_WAITING_BYTES = 65_536;
