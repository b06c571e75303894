/**
 * The publishers' keys of a log in Deno KV: which item of which entry was the first with a key.
 *
 * @module
 */

import type { Item } from "./entries.ts";
import type { Placed } from "./entry_store.ts";

/** Options of {@linkcode KvKeys}. */
export interface KvKeysOptions {
  readonly kv: Deno.Kv;
  /** What the names of the keys begin with. */
  readonly prefix: Deno.KvKey;
  /** How long a key is known, in milliseconds. */
  readonly maxAgeMs: number;
  /** Gives the place of the entry of a commit. */
  readonly placeOf: (versionstamp: string) => string;
}

/** Items, told apart by their keys. */
export interface SortedItems {
  /** By key, where the first item with it stands. */
  readonly known: ReadonlyMap<string, Placed>;
  /** The items whose key is not known, of several with one key the first. */
  readonly fresh: readonly Item[];
}

/** Keeps the keys. They are written in the commit of their entry, so that its versionstamp is theirs. */
export class KvKeys {
  readonly #options: KvKeysOptions;

  /** Reads and writes in a store. */
  constructor(options: KvKeysOptions) {
    this.#options = options;
  }

  /** Looks up the keys of items. */
  async sort(items: readonly Item[]): Promise<SortedItems> {
    const { kv, prefix, placeOf } = this.#options;
    const keys = [...new Set(items.flatMap(({ key }) => key === undefined ? [] : [key]))];
    const known = new Map<string, Placed>();
    for (let i = 0; i < keys.length; i += MAX_GETS) {
      const some = keys.slice(i, i + MAX_GETS);
      const found = await kv.getMany<KnownKey[]>(some.map((key) => [...prefix, key]));
      for (const [j, { value, versionstamp }] of found.entries()) {
        if (versionstamp === null || this.#isExpired(value)) continue;
        known.set(some[j]!, { place: placeOf(versionstamp), index: value[0] });
      }
    }
    const seen = new Set(known.keys());
    const fresh = items.filter(({ key }) => {
      if (key === undefined) return true;
      const isNew = !seen.has(key);
      seen.add(key);
      return isNew;
    });
    return { known, fresh };
  }

  /** Adds the keys of the items of an entry to its commit. */
  addTo(atomic: Deno.AtomicOperation, items: readonly Item[]): Deno.AtomicOperation {
    const { prefix, maxAgeMs } = this.#options;
    const expires = maxAgeMs < Infinity ? { expireIn: maxAgeMs } : {};
    const nowMs = Date.now();
    for (const [i, { key }] of items.entries()) {
      if (key !== undefined) atomic.set([...prefix, key], [i + 1, nowMs], expires);
    }
    return atomic;
  }

  // KV deletes what has expired when it comes to it.
  #isExpired([, timeMs]: KnownKey): boolean {
    return Date.now() - timeMs > this.#options.maxAgeMs;
  }
}

/** Which item of its entry has a key, and when that was appended, in milliseconds since 1970. */
type KnownKey = [index: number, timeMs: number];

/** As many keys as KV reads at once. */
const MAX_GETS = 10;
