/**
 * Drops old entries of a KV log, of which several processes may want to drop the same.
 *
 * @module
 */

import { INDEX_LENGTH } from "../entries.ts";
import { patiently } from "./contention.ts";

/** What a {@linkcode KvTrimming} drops from. */
export interface KvTrimmingOptions {
  readonly kv: Deno.Kv;
  /** The key of the mark: the id, without its epoch, through which entries are dropped. */
  readonly mark: Deno.KvKey;
  /** The key of the entry at a place. */
  readonly keyOf: (place: string) => Deno.KvKey;
  /** How many characters a place has. */
  readonly placeLength: number;
  /** The mark when the log was opened. */
  readonly openedAt: string;
  /** Calls what deletes; again, with more room, if the disk is full. */
  readonly withReserve: <T>(write: () => Promise<T>) => Promise<T>;
}

/**
 * Deletes entries and moves the mark in the same commits, each of which checks the mark: an entry is
 * deleted by one process, and one that is killed leaves nothing half done.
 */
export class KvTrimming {
  readonly #options: KvTrimmingOptions;

  /** Begins with nothing to do. */
  constructor(options: KvTrimmingOptions) {
    this.#options = options;
  }

  /** Resolves when the entries at these places, the oldest there are, are gone. */
  async trim(places: readonly string[], through: string): Promise<void> {
    for (let rest = places; rest.length > 0;) {
      rest = await patiently(() => this.#drop(rest, through));
    }
  }

  /** Drops as many as fit a commit; resolves with the rest, or `undefined` if another was faster. */
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

  /** Whether another process has dropped it. What is older than the mark at the start, nobody has. */
  #isDropped(place: string, gone: string): boolean {
    const { placeLength, openedAt } = this.#options;
    return place <= gone.slice(0, placeLength) && place > openedAt.slice(0, placeLength);
  }
}

const TRIM_COUNT = 200;
