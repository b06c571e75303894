/**
 * The publishers' keys of a log in Deno KV: which item of which entry was the first with a key.
 *
 * @module
 */

import type { Item } from "../entries.ts";
import type { Placed } from "../entry_store.ts";

/** Options of {@linkcode KvKeys}. */
export interface KvKeysOptions {
  readonly kv: Deno.Kv;
  /** What the names of the keys begin with. */
  readonly prefix: Deno.KvKey;
  /** What the names of the lists begin with that say which keys an entry has. */
  readonly lists: Deno.KvKey;
  /** How long a key is known, in milliseconds. */
  readonly maxAgeMs: number;
  /** Gives the place of the entry of a commit. */
  readonly placeOf: (versionstamp: string) => string;
  /** Calls what deletes; again, with more room, if the disk is full. */
  readonly withReserve: <T>(write: () => Promise<T>) => Promise<T>;
}

/** Items, told apart by their keys. */
export interface SortedItems {
  /** By key, where the first item with it stands. */
  readonly known: ReadonlyMap<string, Placed>;
  /** The items whose key is not known, of several with one key the first. */
  readonly fresh: readonly Item[];
}

/**
 * Keeps the keys. They are written in the commit of their entry, so that its versionstamp is theirs.
 *
 * They don't expire by `expireIn`: where SQLite can't delete what has expired, as the disk is full, Deno
 * panics and the process ends ("KV collect expired failed", Deno 2.9.6).
 */
export class KvKeys {
  readonly #options: KvKeysOptions;

  /** Reads and writes in a store. */
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

  /** Adds the keys of the items of an entry, which has a number, to its commit. */
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

  /** Deletes keys that are too old to be known, as many as a while takes that nobody notices. */
  async expire(): Promise<void> {
    for (let commits = 0; commits < MAX_COMMITS; commits++) {
      if (!await this.#expireSome()) return;
    }
  }

  /** Deletes as many as a commit can check; resolves with whether there may be more. */
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
        // It may have been used again since, or be used just now.
        if (versionstamp === null || !this.#isOld(value[1])) continue;
        const key = [...prefix, keys[i]!];
        atomic.check({ key, versionstamp }).delete(key);
      }
      return atomic.commit();
    });
    return commit.ok;
  }

  /** Reads some keys, in their order. */
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

/** The keys of an entry, or some of them. */
interface KeyList {
  readonly timeMs: number;
  readonly keys: readonly string[];
}

/** Which item of its entry has a key, and when that was appended, in milliseconds since 1970. */
type KnownKey = [index: number, timeMs: number];

/** As many keys as KV reads at once. */
const MAX_GETS = 10;
/** A commit checks 100 keys at the most. */
const MAX_LISTED = 90;
const MAX_COMMITS = 50;
