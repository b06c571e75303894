/**
 * Appends as few entries as can be: what is appended in one turn, or while an earlier entry is on its
 * way, goes as one.
 *
 * @module
 */

import { byteLength, type Item } from "../entries.ts";
import type { Placed } from "../entry_store.ts";

/** Options of {@linkcode Batches}. */
export interface BatchesOptions {
  /** Writes items as one entry; resolves with where each stands once they are durable. */
  readonly write: (items: readonly Item[]) => Promise<readonly Placed[]>;
  /** The most bytes of an entry: what is appended at once must fit. */
  readonly maxBytes: number;
  /** The most items with a key in an entry. */
  readonly maxKeys: number;
}

interface Waiting {
  readonly items: readonly Item[];
  readonly bytes: number;
  readonly keys: number;
  readonly resolve: (placed: readonly Placed[]) => void;
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
   * @returns Where each of them stands, once they are durable.
   * @throws {RangeError} If they are more bytes or keys than an entry can have.
   */
  add(items: readonly Item[]): Promise<readonly Placed[]> {
    const { maxBytes, maxKeys } = this.#options;
    const bytes = items.reduce((sum, { text }) => sum + byteLength(text) + 1, HEAD_BYTES);
    const keys = items.filter(({ key }) => key !== undefined).length;
    if (bytes > maxBytes) {
      throw new RangeError(
        `Cannot append events: the log takes ${maxBytes} bytes at once, with fields and all; got ` +
          `${bytes}`,
      );
    }
    if (keys > maxKeys) {
      throw new RangeError(
        `Cannot append events: the log takes ${maxKeys} events with a key at once; got ${keys}`,
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, bytes, keys, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async #write(): Promise<void> {
    // What the rest of this turn appends goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        const placed = await this.#options.write(batch.flatMap(({ items }) => items));
        let start = 0;
        for (const { items, resolve } of batch) {
          resolve(placed.slice(start, start += items.length));
        }
      } catch (error) {
        // What waits would wait as long again, one entry after the other.
        for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
      }
    }
    this.#writing = undefined;
  }

  #take(): Waiting[] {
    const { maxBytes, maxKeys } = this.#options;
    let bytes = 0;
    let keys = 0;
    const tooMany = this.#waiting.findIndex((waiting, i) => {
      bytes += waiting.bytes;
      keys += waiting.keys;
      return i > 0 && (bytes > Math.min(maxBytes, MAX_BATCH_BYTES) || keys > maxKeys);
    });
    return this.#waiting.splice(0, tooMany < 0 ? Infinity : tooMany);
  }
}

/** The brackets of an entry, its time and its number. */
const HEAD_BYTES = 32;
// Enough that more would save nothing.
const MAX_BATCH_BYTES = 65_536;
