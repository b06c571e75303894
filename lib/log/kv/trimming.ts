/**
 * Trims a KV log. Several processes may try to trim the same entries.
 *
 * @module
 */

import { INDEX_LENGTH } from "../entries.ts";
import type { DueEntry } from "../entry_store.ts";
import { patiently } from "../shared/contention.ts";

/** A mark, and the number of the last entry trimmed with it. */
export type MarkNumber = readonly [mark: string, number: number];

/** Options of {@linkcode KvTrimming}. */
export interface KvTrimmingOptions {
  readonly kv: Deno.Kv;
  /** The key of the mark: the id, without its epoch, through which entries are trimmed. */
  readonly mark: Deno.KvKey;
  /** The key of the mark's number: a {@linkcode MarkNumber}. */
  readonly markNumber: Deno.KvKey;
  /** Returns the key of the entry at a place. */
  readonly keyOf: (place: string) => Deno.KvKey;
  /** The number of characters in a place. */
  readonly placeLength: number;
  /** The mark when the log was opened. */
  readonly openedAt: string;
  /** Calls `write`, and once more with the reserve freed if the disk is full. */
  readonly withReserve: <T>(write: () => Promise<T>) => Promise<T>;
}

/**
 * Deletes entries and moves the mark in the same commit, which also checks the mark. So only one process
 * deletes an entry, and a process that is killed leaves nothing half done.
 */
export class KvTrimming {
  readonly #options: KvTrimmingOptions;

  /** Takes the options; trims nothing yet. */
  constructor(options: KvTrimmingOptions) {
    this.#options = options;
  }

  /** Deletes entries, which must be the oldest entries of the log. */
  async trim(entries: readonly DueEntry[], through: string): Promise<void> {
    for (let rest = entries; rest.length > 0;) {
      rest = await patiently(() => this.#drop(rest, through));
    }
  }

  /**
   * Deletes as many entries as fit into a commit. Resolves with the remaining entries, or with `undefined`
   * if another process was faster.
   */
  async #drop(
    entries: readonly DueEntry[],
    through: string,
  ): Promise<readonly DueEntry[] | undefined> {
    const { kv, mark, markNumber, keyOf, withReserve } = this.#options;
    const gone = await kv.get<string>(mark);
    const left = entries.filter(({ place }) => !this.#isDropped(place, gone.value ?? ""));
    const [due, rest] = [left.slice(0, TRIM_COUNT), left.slice(TRIM_COUNT)];
    if (due.length === 0) return [];
    const { place: lastPlace, number } = due.at(-1)!;
    const dropped = rest.length === 0 ? through : lastPlace + "z".repeat(INDEX_LENGTH);
    const commit = await withReserve(() => {
      const atomic = kv.atomic().check(gone);
      if (dropped >= (gone.value ?? "")) {
        atomic.set(mark, dropped);
        if (number !== undefined) atomic.set(markNumber, [dropped, number] satisfies MarkNumber);
      }
      for (const { place } of due) atomic.delete(keyOf(place));
      return atomic.commit();
    });
    return commit.ok ? rest : undefined;
  }

  /** Whether another process has trimmed an entry. An entry older than the mark at the start is left over. */
  #isDropped(place: string, gone: string): boolean {
    const { placeLength, openedAt } = this.#options;
    return place <= gone.slice(0, placeLength) && place > openedAt.slice(0, placeLength);
  }
}

const TRIM_COUNT = 200;
