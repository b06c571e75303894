/**
 * The publishers' keys of a log in Deno KV, each with the position of the first item that had it.
 *
 * @module
 */

import type { Item } from "../entries.ts";
import type { Placed } from "../entry_store.ts";

/** Options of {@linkcode KvKeys}. */
export interface KvKeysOptions {
  readonly kv: Deno.Kv;
  /** The prefix of the KV keys under which publishers' keys are kept. */
  readonly prefix: Deno.KvKey;
  /** The prefix of the KV keys under which each entry's list of publishers' keys is kept. */
  readonly lists: Deno.KvKey;
  /** How long a key stays known, in milliseconds. */
  readonly maxAgeMs: number;
  /** Returns the place of a commit's entry. */
  readonly placeOf: (versionstamp: string) => string;
  /** Calls `write`, and once more with the reserve freed if the disk is full. */
  readonly withReserve: <T>(write: () => Promise<T>) => Promise<T>;
}

/** Items, sorted by whether their keys are known. */
export interface SortedItems {
  /** The position of the first item with each known key. */
  readonly known: ReadonlyMap<string, Placed>;
  /** The items without a known key; of several items with the same key, the first. */
  readonly fresh: readonly Item[];
}

/**
 * Keeps the keys. Each key is written in the commit of its entry, and so has the entry's versionstamp.
 *
 * The keys do not use `expireIn`: if the disk is too full for SQLite to delete an expired key, Deno panics
 * and the process ends ("KV collect expired failed", Deno 2.9.6).
 */
export class KvKeys {
  readonly #options: KvKeysOptions;

  /** Takes the options; reads and writes nothing yet. */
  constructor(options: KvKeysOptions) {
    this.#options = options;
  }

  /** Looks up the keys of items. */
  async sort(items: readonly Item[]): Promise<SortedItems> {
    const { placeOf } = this.#options;
    const keys = [...new Set(items.flatMap(({ key }) => key === undefined ? [] : [key]))];
    const known = new Map<string, Placed>();
    for (const [i, { value, versionstamp }] of (await this.#read(keys)).entries()) {
      if (versionstamp === null || this.#isOld(value[1])) continue;
      known.set(keys[i]!, { place: placeOf(versionstamp), index: value[0] });
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

  /** Adds the keys of an entry's items to the entry's commit. */
  addTo(
    atomic: Deno.AtomicOperation,
    items: readonly Item[],
    number: number,
  ): Deno.AtomicOperation {
    const { prefix, lists, maxAgeMs } = this.#options;
    const timeMs = Date.now();
    const keys: string[] = [];
    for (const [i, { key }] of items.entries()) {
      if (key === undefined) continue;
      atomic.set([...prefix, key], [i + 1, timeMs]);
      keys.push(key);
    }
    for (let i = 0; i < keys.length && maxAgeMs < Infinity; i += MAX_LISTED) {
      atomic.set([...lists, number, i], { timeMs, keys: keys.slice(i, i + MAX_LISTED) });
    }
    return atomic;
  }

  /** Deletes keys that are too old, at most as many as one call can delete unnoticed. */
  async expire(): Promise<void> {
    for (let commits = 0; commits < MAX_COMMITS; commits++) {
      if (!await this.#expireSome()) return;
    }
  }

  /** Deletes as many keys as a commit can check; resolves with whether more may be left. */
  async #expireSome(): Promise<boolean> {
    const { kv, lists, prefix, withReserve } = this.#options;
    const names: Deno.KvKey[] = [];
    const keys: string[] = [];
    for await (const { key, value } of kv.list<KeyList>({ prefix: lists }, { limit: MAX_LISTED })) {
      const isFull = keys.length + value.keys.length > MAX_LISTED;
      if (isFull || !this.#isOld(value.timeMs)) break;
      names.push(key);
      keys.push(...value.keys);
    }
    if (names.length === 0) return false;
    const found = await this.#read(keys);
    const commit = await withReserve(() => {
      const atomic = kv.atomic();
      for (const name of names) atomic.delete(name);
      for (const [i, { value, versionstamp }] of found.entries()) {
        // The key may have been used again since, or be in use at this moment.
        if (versionstamp === null || !this.#isOld(value[1])) continue;
        const key = [...prefix, keys[i]!];
        atomic.check({ key, versionstamp }).delete(key);
      }
      return atomic.commit();
    });
    return commit.ok;
  }

  /** Reads keys, in the order given. */
  async #read(keys: readonly string[]): Promise<Deno.KvEntryMaybe<KnownKey>[]> {
    const { kv, prefix } = this.#options;
    const found: Deno.KvEntryMaybe<KnownKey>[] = [];
    for (let i = 0; i < keys.length; i += MAX_GETS) {
      const some = keys.slice(i, i + MAX_GETS).map((key) => [...prefix, key]);
      found.push(...await kv.getMany<KnownKey[]>(some));
    }
    return found;
  }

  #isOld(timeMs: number): boolean {
    return Date.now() - timeMs > this.#options.maxAgeMs;
  }
}

/** The keys of an entry, or a part of them. */
interface KeyList {
  readonly timeMs: number;
  readonly keys: readonly string[];
}

/** The index of the item with a key, and the time of its entry in milliseconds since 1970. */
type KnownKey = [index: number, timeMs: number];

/** The most keys that KV reads at once. */
const MAX_GETS = 10;
/** KV checks at most 100 keys in a commit. */
const MAX_LISTED = 90;
const MAX_COMMITS = 50;
