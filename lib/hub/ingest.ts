/**
 * Publishing what a stream of bytes brings, while it brings it: reads, decodes, and waits for the log.
 *
 * @module
 */

import { ByteReader } from "../wire/byte_reader.ts";
import { PublishQueue, type PublishQueueOptions } from "./publish_queue.ts";

/** Turns bytes into events, and adds each to the queue once it is whole. */
export interface EventDecoder {
  /** Whether an event has begun and is not whole yet. */
  readonly isWithinEvent: boolean;
  /** Takes the next bytes. What it throws ends the ingest; events that came before are published. */
  push(bytes: Uint8Array): void;
  /** Takes the end of the source. */
  finish(): void;
}

/** Options of an {@linkcode Ingest}. */
export interface IngestOptions extends Omit<PublishQueueOptions, "onFail"> {
  /** Makes the decoder. */
  readonly decode: (queue: PublishQueue) => EventDecoder;
  /** The longest silence between two events, in milliseconds; 0 is no limit. */
  readonly idleMs: number;
  /** The longest silence within an event, in milliseconds; 0 is no limit. */
  readonly stallMs: number;
  /** Called with how many events a read brought. Returns after how many milliseconds to read on. */
  readonly pace?: (events: number) => number;
}

/** Thrown when a source was silent for too long. */
export class SilenceError extends Error {
  /** Always `SilenceError`. */
  override name = "SilenceError";
  /** Whether the source was silent within an event. */
  readonly isWithinEvent: boolean;

  /** Makes the error of a silence. */
  constructor(isWithinEvent: boolean, ms: number) {
    const place = isWithinEvent ? "within an event" : "between events";
    super(`Cannot read events: the source was silent ${place} for ${ms} ms`);
    this.isWithinEvent = isWithinEvent;
  }
}

/** Publishes the events of one source. */
export class Ingest {
  /** Reads the source. The caller cancels or releases it after {@linkcode run}. */
  readonly reader: ByteReader;
  /** Publishes the events, and counts them. */
  readonly queue: PublishQueue;
  readonly #options: IngestOptions;
  readonly #decoder: EventDecoder;

  /**
   * Locks a source.
   *
   * @throws {TypeError} If the source is locked.
   */
  constructor(source: ReadableStream<Uint8Array>, options: IngestOptions) {
    this.#options = options;
    this.reader = new ByteReader(source);
    this.queue = new PublishQueue({ ...options, onFail: (error) => this.stop(error) });
    this.#decoder = options.decode(this.queue);
  }

  /** Makes {@linkcode run} reject with an error, once what has been read is published. */
  stop(error: unknown): void {
    this.reader.interrupt(error);
  }

  /**
   * Reads to the end of the source.
   *
   * @throws {unknown} The first error of a publish; else the error of the decoder, of the source or of
   * {@linkcode stop}, or a {@linkcode SilenceError}. Everything before is published.
   */
  async run(): Promise<void> {
    try {
      for (let bytes = await this.#read(); bytes; bytes = await this.#read()) {
        const pauseMs = this.#decode(() => this.#decoder.push(bytes!));
        if (this.queue.isFull) await this.queue.drained();
        if (pauseMs > 0) await this.#pause(pauseMs);
      }
      this.#decode(() => this.#decoder.finish());
    } finally {
      await this.queue.drained();
    }
  }

  /** Returns after how many milliseconds to read on. */
  #decode(decode: () => void): number {
    const { added } = this.queue;
    let pauseMs = 0;
    try {
      decode();
    } finally {
      pauseMs = this.#options.pace?.(this.queue.added - added) ?? 0;
    }
    return pauseMs;
  }

  #read(): Promise<Uint8Array | undefined> {
    const { idleMs, stallMs } = this.#options;
    const { isWithinEvent } = this.#decoder;
    const ms = isWithinEvent ? stallMs : idleMs;
    return this.reader.read(ms, () => new SilenceError(isWithinEvent, ms));
  }

  async #pause(ms: number): Promise<void> {
    const isOver = Symbol();
    await this.reader.wait(new Promise<never>(() => {}), ms, () => isOver).catch((error) => {
      if (error !== isOver) throw error;
    });
  }
}
