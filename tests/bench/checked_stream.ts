/**
 * One subscriber's bytes, as they come off the socket. Takes HTTP's chunks apart and checks every event in
 * place, in a buffer that is made once.
 *
 * @module
 */

import { DIGITS, nowUs, WRAP } from "./data.ts";
import type { Histogram } from "./histogram.ts";

/** The totals of all subscribers of a load process. */
export interface Tally {
  /** Events. */
  received: number;
  /** Events out of sequence: an earlier one was lost, or this one arrived twice. */
  misplaced: number;
  /** Lines that should be an event's data but are not. */
  broken: number;
  /** When the last event arrived, by `performance.now()`. */
  lastMs: number;
  /** Microseconds from making an event to reading it. */
  latencies: Histogram;
}

/** The body of one open response. */
export class CheckedStream {
  readonly #buffer: Uint8Array;
  readonly #dataBytes: number;
  readonly #tally: Tally;
  // Bytes of an unfinished line, at the start of the buffer.
  #kept = 0;
  #chunkLeft: number;
  #chunkSize = 0;
  #next = 0;

  /** Begins with the body's first byte, and expects event number 0. */
  constructor(bufferBytes: number, dataBytes: number, isChunked: boolean, tally: Tally) {
    this.#buffer = new Uint8Array(bufferBytes);
    this.#dataBytes = dataBytes;
    this.#tally = tally;
    this.#chunkLeft = isChunked ? 0 : Infinity;
  }

  /** Where the next bytes of the socket go. */
  get space(): Uint8Array {
    return this.#buffer.subarray(this.#kept);
  }

  /** Takes this many bytes, which are now in {@linkcode space}. */
  take(bytes: number): void {
    const end = this.#unchunk(this.#kept, this.#kept + bytes);
    const done = this.#check(end);
    if (done > 0) this.#buffer.copyWithin(0, done, end);
    this.#kept = end - done;
  }

  /** Closes the gaps that the chunks' own bytes leave in the body; returns where the body ends. */
  #unchunk(start: number, rawEnd: number): number {
    const buffer = this.#buffer;
    let end = start;
    for (let from = start; from < rawEnd;) {
      if (this.#chunkLeft > 0) {
        const length = Math.min(this.#chunkLeft, rawEnd - from);
        if (end !== from) buffer.copyWithin(end, from, from + length);
        this.#chunkLeft -= length;
        end += length;
        from += length;
        continue;
      }
      const byte = buffer[from++]!;
      if (byte === LF) {
        this.#chunkLeft = this.#chunkSize;
        this.#chunkSize = 0;
      } else if (byte !== CR) {
        this.#chunkSize = this.#chunkSize * 16 + (byte & 0xf) + (byte > 0x39 ? 9 : 0);
      }
    }
    return end;
  }

  /** Checks all whole lines; returns where the first unfinished line begins. */
  #check(end: number): number {
    const buffer = this.#buffer;
    const now = nowUs();
    let line = 0;
    let received = 0;
    for (;;) {
      // "data:" and perhaps a space; in the hub's own events a brace follows.
      let from = line;
      if (buffer[line] === D) {
        from = line + (buffer[line + 5] === SPACE ? 6 : 5);
        if (from >= end) break;
      }
      if (from > line && buffer[from]! <= NINE) {
        const lineEnd = from + this.#dataBytes;
        if (lineEnd >= end) break;
        if (buffer[lineEnd] !== LF) this.#tally.broken++;
        this.#count(from, now);
        received++;
        line = lineEnd + 1;
      } else {
        while (from < end && buffer[from] !== LF) from++;
        if (from >= end) break;
        line = from + 1;
      }
    }
    if (received > 0) {
      this.#tally.received += received;
      this.#tally.lastMs = performance.now();
    }
    return line;
  }

  #count(from: number, now: number): void {
    const sequence = this.#number(from);
    if (sequence !== this.#next) this.#tally.misplaced++;
    this.#next = sequence + 1;
    const latencyUs = now - this.#number(from + DIGITS + 1);
    // A little below 0, the clocks differ; far below 0, the time has wrapped around.
    this.#tally.latencies.add(
      latencyUs >= 0 ? latencyUs : latencyUs > -WRAP / 2 ? 0 : latencyUs + WRAP,
    );
  }

  #number(from: number): number {
    const buffer = this.#buffer;
    let value = 0;
    for (let i = from; i < from + DIGITS; i++) value = value * 10 + buffer[i]! - ZERO;
    return value;
  }
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const D = 0x64;
