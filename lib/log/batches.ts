/**
 * Appends as few entries as can be: what is appended in one turn, or while an earlier entry is on its
 * way, goes as one.
 *
 * @module
 */

import { byteLength, encodeEntry } from "./entries.ts";

/** Where an item came to stand. */
export interface Placed {
  /** The place of its entry. */
  readonly place: string;
  /** Which item it is there, from 1 on. */
  readonly index: number;
}

/** Options of {@linkcode Batches}. */
export interface BatchesOptions {
  /** Writes an entry; resolves with its place once it is durable. */
  readonly write: (text: string) => Promise<string>;
  /** The most bytes of an entry: what is appended at once must fit. */
  readonly maxBytes: number;
}

interface Waiting {
  readonly items: readonly string[];
  readonly bytes: number;
  readonly resolve: (placed: Placed) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes entries one after the other, each with all that waits and fits. */
export class Batches {
  readonly #options: BatchesOptions;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  /** Begins with nothing to write. */
  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is being written. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /**
   * Appends items that stay together.
   *
   * @returns Where the last of them stands, once it is durable.
   * @throws {RangeError} If they are more bytes than an entry can have.
   */
  add(items: readonly string[]): Promise<Placed> {
    const { maxBytes } = this.#options;
    const bytes = byteLength(encodeEntry(Date.now(), items));
    if (bytes > maxBytes) {
      throw new RangeError(
        `Cannot append events: the log takes ${maxBytes} bytes at once, with fields and all; got ` +
          `${bytes}`,
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, bytes, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async #write(): Promise<void> {
    // What the rest of this turn appends goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const items = batch.flatMap(({ items }) => items);
        const place = await this.#options.write(encodeEntry(Date.now(), items));
        let index = 0;
        for (const { items, resolve } of batch) resolve({ place, index: index += items.length });
      } catch (error) {
        // What waits would wait as long again, one entry after the other.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#writing = undefined;
  }

  #take(): Waiting[] {
    let bytes = 0;
    const tooMany = this.#waiting.findIndex((waiting, i) => {
      bytes += waiting.bytes;
      return i > 0 && bytes > Math.min(this.#options.maxBytes, MAX_BATCH_BYTES);
    });
    return this.#waiting.splice(0, tooMany < 0 ? Infinity : tooMany);
  }
}

// Enough that more would save nothing.
const MAX_BATCH_BYTES = 65_536;
