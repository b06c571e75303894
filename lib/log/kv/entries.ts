/**
 * Reads the entries of a KV log, whose keys end in the versionstamps of their commits.
 *
 * @module
 */

import type { StoredEntry } from "../entries.ts";
import { placeOf, stampOf } from "./places.ts";

/** Reads entries in the order of their versionstamps, which grow from commit to commit. */
export class KvEntries {
  readonly #kv: Deno.Kv;
  readonly #prefix: Deno.KvKey;

  /** Takes the store, and the prefix of the entries' keys. */
  constructor(kv: Deno.Kv, prefix: Deno.KvKey) {
    this.#kv = kv;
    this.#prefix = prefix;
  }

  /** Returns the key of the entry at a place. */
  keyAt(place: string): Deno.KvKey {
    return this.keyOf(stampOf(place));
  }

  /** Returns the key of an entry, given the versionstamp of its commit or `kv.commitVersionstamp()`. */
  keyOf(stamp: Deno.KvKeyPart): Deno.KvKey {
    return [...this.#prefix, stamp];
  }

  /** Reads the oldest entries from a place on, that place included; at most `limit`. */
  from(place: string, limit: number): Promise<StoredEntry[]> {
    return this.#list({ prefix: this.#prefix, start: this.keyAt(place) }, { limit });
  }

  /** Reads the oldest entries after a place; at most `limit`. */
  after(place: string, limit: number): Promise<StoredEntry[]> {
    const start = this.keyOf(stampOf(place) + "\0");
    return this.#list({ prefix: this.#prefix, start }, { limit });
  }

  /** Reads the newest entries before a place, or of the whole log, newest first; at most `limit`. */
  before(place: string | undefined, limit: number): Promise<StoredEntry[]> {
    const end = place === undefined ? {} : { end: this.keyAt(place) };
    return this.#list({ prefix: this.#prefix, ...end }, { limit, reverse: true });
  }

  async #list(
    selector: Deno.KvListSelector,
    options: { readonly limit: number; readonly reverse?: boolean },
  ): Promise<StoredEntry[]> {
    const page: StoredEntry[] = [];
    const batchSize = Math.min(options.limit, MAX_BATCH);
    for await (const { key, value } of this.#kv.list(selector, { ...options, batchSize })) {
      // A value that no hub has written may have any type.
      const text = value instanceof Uint8Array ? decoder.decode(value) : "";
      page.push({ place: placeOf(key.at(-1) as string), text });
    }
    return page;
  }
}

const decoder = new TextDecoder();
/** The most entries that KV reads at a time. */
const MAX_BATCH = 1_000;
