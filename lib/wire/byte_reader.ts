/**
 * Reads a stream of bytes that may be silent for long. A read that waits holds a kilobyte, and can be
 * interrupted.
 *
 * @module
 */

import { MAX_TIMER_MS } from "./number_option.ts";

/** Reads a stream, one read at a time. */
export class ByteReader {
  readonly #reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>;
  #isReading = false;
  #reading: Promise<unknown> = Promise.resolve();
  #interrupt: ((error: unknown) => void) | undefined;
  #interruption: { readonly error: unknown } | undefined;
  #nextBytes = FEW_BYTES;

  /**
   * Locks a stream.
   *
   * @throws {TypeError} If the stream is locked.
   */
  constructor(source: ReadableStream<Uint8Array>) {
    this.#reader = openReader(source);
  }

  /** Returns the next bytes; `undefined` at the end. Times out as {@linkcode wait} does. */
  read(timeoutMs: number, onTimeout: () => unknown): Promise<Uint8Array | undefined> {
    const reading = this.#read();
    this.#reading = reading;
    return this.wait(reading, timeoutMs, onTimeout);
  }

  /**
   * Waits for a promise, until the reader is interrupted or time is over.
   *
   * @param timeoutMs How long to wait, in milliseconds; 0 is for ever.
   * @param onTimeout Returns the error to throw when time is over.
   * @throws {unknown} The error of the promise, of {@linkcode interrupt}, or of `onTimeout`.
   */
  wait<T>(promise: Promise<T>, timeoutMs = 0, onTimeout?: () => unknown): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = timeoutMs > 0
        ? setTimeout(() => reject(onTimeout?.()), Math.min(timeoutMs, MAX_TIMER_MS))
        : undefined;
      this.#interrupt = fail;
      if (this.#interruption) fail(this.#interruption.error);
      promise.then((value) => {
        clearTimeout(timer);
        resolve(value);
      }, fail);
    });
  }

  /** Makes what waits now, and everything that would wait later, reject with an error. */
  interrupt(error: unknown): void {
    this.#interruption ??= { error };
    this.#interrupt?.(error);
  }

  /** Cancels the stream, for a source that somebody would go on filling. */
  async cancel(reason: unknown): Promise<void> {
    try {
      await this.#reader.cancel(reason);
    } catch {
      // The stream has failed; nothing more follows.
    }
  }

  /**
   * Unlocks the stream, for the body of a request. If a read waits, the stream stays locked, and is
   * cancelled when that read settles: if it were cancelled now, Deno 2.9 would never free the buffer of
   * the read, nor close the connection.
   */
  release(): void {
    if (!this.#isReading) return this.#reader.releaseLock();
    const cancel = () => this.cancel(undefined);
    this.#reading.then(cancel, cancel);
  }

  async #read(): Promise<Uint8Array | undefined> {
    this.#isReading = true;
    try {
      const { done, value } = await this.#readSome();
      return done ? undefined : value;
    } finally {
      this.#isReading = false;
    }
  }

  /** Reads few bytes, until they come faster than that: a read that waits holds its whole buffer. */
  async #readSome(): Promise<ReadableStreamReadResult<Uint8Array>> {
    if (!isByob(this.#reader)) return await this.#reader.read();
    const result = await this.#reader.read(new Uint8Array(this.#nextBytes));
    const isFull = result.value?.length === this.#nextBytes;
    this.#nextBytes = isFull ? MANY_BYTES : FEW_BYTES;
    return result;
  }
}

const FEW_BYTES = 1_024;
const MANY_BYTES = 65_536;

function openReader(
  source: ReadableStream<Uint8Array>,
): ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array> {
  try {
    return source.getReader({ mode: "byob" });
  } catch {
    // Not a stream of type "bytes"; a locked stream throws here again.
    return source.getReader();
  }
}

function isByob(
  reader: ReadableStreamBYOBReader | ReadableStreamDefaultReader<Uint8Array>,
): reader is ReadableStreamBYOBReader {
  return reader instanceof ReadableStreamBYOBReader;
}
