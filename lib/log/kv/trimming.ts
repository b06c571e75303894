/**
 * Trims a KV log. Several processes may try to trim the same entries.
 *
 * @module
 */

import { INDEX_LENGTH } from "../entries.ts";
import { patiently } from "./contention.ts";

/** Options of {@linkcode KvTrimming}. */
export interface KvTrimmingOptions {
  readonly kv: Deno.Kv;
  /** The key of the mark: the id, without its epoch, through which entries are trimmed. */
  readonly mark: Deno.KvKey;
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

  /** Deletes the entries at places, which must be the oldest entries of the log. */
  async trim(places: readonly string[], through: string): Promise<void> {
    for (let rest = places; rest.length > 0;) {
      rest = await patiently(() => this.#drop(rest, through));
    }
  }

  /**
   * Deletes as many entries as fit into a commit. Resolves with the remaining places, or with `undefined`
   * if another process was faster.
   */
  async #drop(places: readonly string[], through: string): Promise<readonly string[] | undefined> {
    const { kv, mark, keyOf, withReserve } = this.#options;
    const gone = await kv.get<string>(mark);
    const left = places.filter((place) => !this.#isDropped(place, gone.value ?? ""));
    const [due, rest] = [left.slice(0, TRIM_COUNT), left.slice(TRIM_COUNT)];
    if (due.length === 0) return [];
    const dropped = rest.length === 0 ? through : due.at(-1)! + "z".repeat(INDEX_LENGTH);
    const commit = await withReserve(() => {
      const atomic = kv.atomic().check(gone);
      if (dropped > (gone.value ?? "")) atomic.set(mark, dropped);
      for (const place of due) atomic.delete(keyOf(place));
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
