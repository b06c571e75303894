/**
 * Names in order, so that one page of many names is found without sorting all of them.
 *
 * @module
 */

import { firstIndex } from "../wire/first_index.ts";

/**
 * A set of names in the order of their UTF-16 code units. Adding and removing a name moves at most
 * 512 others, however many there are.
 */
export class SortedNames {
  // Each block is sorted and not empty, and its names come before all names of the next block.
  readonly #blocks: string[][] = [];

  /** Adds a name. */
  add(name: string): void {
    const [block, index] = this.#find(name);
    const names = this.#blocks[block];
    if (!names) this.#blocks.push([name]);
    else if (names[index] !== name) {
      names.splice(index, 0, name);
      if (names.length > MAX_BLOCK_NAMES) this.#split(block);
    }
  }

  /** Removes a name. */
  delete(name: string): void {
    const [block, index] = this.#find(name);
    const names = this.#blocks[block];
    if (names?.[index] !== name) return;
    names.splice(index, 1);
    if (names.length === 0) this.#blocks.splice(block, 1);
  }

  /**
   * Iterates over the names after `name`, which need not be in the set; `""` comes before every name.
   * Don't change the set meanwhile.
   */
  *after(name: string): Generator<string, void> {
    let [block, index] = this.#find(name);
    if (this.#blocks[block]?.[index] === name) index++;
    for (; block < this.#blocks.length; block++, index = 0) {
      const names = this.#blocks[block]!;
      for (; index < names.length; index++) yield names[index]!;
    }
  }

  /**
   * Returns the last block that begins at or before a name, and the name's index or place in the block.
   */
  #find(name: string): [block: number, index: number] {
    const blocks = this.#blocks;
    const next = firstIndex(0, blocks.length, (index) => blocks[index]![0]! > name);
    const block = Math.max(next - 1, 0);
    const names = blocks[block] ?? [];
    return [block, firstIndex(0, names.length, (index) => names[index]! >= name)];
  }

  #split(block: number): void {
    const names = this.#blocks[block]!;
    this.#blocks.splice(block + 1, 0, names.splice(names.length >>> 1));
  }
}

const MAX_BLOCK_NAMES = 512;
