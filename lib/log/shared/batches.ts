/**
 * Appends as few entries as possible: items that are appended in one turn, or while an earlier entry is
 * being written, share an entry.
 *
 * @module
 */

import { byteLength, type Item } from "../entries.ts";
import type { Placed } from "../entry_store.ts";

/** Options of {@linkcode Batches}. */
export interface BatchesOptions {
  /** Writes items as one entry; resolves with their positions once the entry is durable. */
  readonly write: (items: readonly Item[]) => Promise<readonly Placed[]>;
  /** The most bytes of an entry; items that are appended together must fit. */
  readonly maxBytes: number;
  /** The most items with a key in one entry. */
  readonly maxKeys: number;
}

interface Waiting {
  readonly items: readonly Item[];
  readonly bytes: number;
  readonly keys: number;
  readonly resolve: (placed: readonly Placed[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes entries one after the other, each with all waiting items that fit. */
export class Batches {
  readonly #options: BatchesOptions;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;

  /** Begins without items. */
  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Resolves when nothing is being written. */
  get idle(): Promise<void> {
    return this.#writing ?? Promise.resolve();
  }

  /**
   * Appends items, which all go into the same entry.
   *
   * @returns The positions of the items, once the entry is durable.
   * @throws {RangeError} If the items have more bytes or keys than an entry can have.
   */
  add(items: readonly Item[]): Promise<readonly Placed[]> {
    const { maxBytes, maxKeys } = this.#options;
    const bytes = items.reduce((sum, { text }) => sum + byteLength(text) + 1, HEAD_BYTES);
    const keys = items.filter(({ key }) => key !== undefined).length;
    if (bytes > maxBytes) {
      throw new RangeError(
        `Cannot append events: the log takes at most ${maxBytes} bytes at once, all fields included; ` +
          `got ${bytes}`,
      );
    }
    if (keys > maxKeys) {
      throw new RangeError(
        `Cannot append events: the log takes at most ${maxKeys} events with a key at once; got ${keys}`,
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, bytes, keys, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async #write(): Promise<void> {
    // Items that the rest of this turn appends go into the same entry.
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
        // Waiting items fail too: otherwise each further entry could wait for its own timeout.
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

/** The bytes of an entry's brackets, time and number. */
const HEAD_BYTES = 32;
// Larger entries would save nothing.
const MAX_BATCH_BYTES = 65_536;
