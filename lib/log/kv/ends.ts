/**
 * The ends of streams in a KV log, kept after their entries were trimmed.
 *
 * @module
 */

import { encodeEndRecord, type EndRecord } from "../shared/ends.ts";
import { patiently } from "../shared/contention.ts";

/** Options of {@linkcode KvEnds}. */
export interface KvEndsOptions {
  readonly kv: Deno.Kv;
  /** The prefix of the records' keys. */
  readonly prefix: Deno.KvKey;
  /** How long a record is kept at the least, in milliseconds. */
  readonly maxAgeMs: number;
  /** Calls `write`, and once more with the reserve freed if the disk is full. */
  readonly withReserve: <T>(write: () => Promise<T>) => Promise<T>;
}

/**
 * Keeps each record under its id, in the order of the log. A record that a process writes again, or late,
 * changes nothing.
 */
export class KvEnds {
  readonly #options: KvEndsOptions;

  /** Takes the options; reads and writes nothing yet. */
  constructor(options: KvEndsOptions) {
    this.#options = options;
  }

  /** Keeps records, and deletes some of the records that are too old. */
  async keep(records: readonly EndRecord[]): Promise<void> {
    const { kv, prefix, maxAgeMs, withReserve } = this.#options;
    const old: Deno.KvKey[] = [];
    for await (const { key, value } of kv.list<StoredEnd>({ prefix }, { limit: MAX_CHANGES })) {
      if (Date.now() - (value?.timeMs ?? 0) <= maxAgeMs) break;
      old.push(key);
    }
    for (let i = 0; i < Math.max(records.length, old.length); i += MAX_CHANGES) {
      await patiently(async () => {
        const atomic = kv.atomic();
        for (const record of records.slice(i, i + MAX_CHANGES)) {
          const { id, timeMs } = record;
          atomic.set([...prefix, id], { timeMs, text: encodeEndRecord(record) });
        }
        for (const key of old.slice(i, i + MAX_CHANGES)) atomic.delete(key);
        return (await withReserve(() => atomic.commit())).ok || undefined;
      });
    }
  }

  /** Returns the texts of all records. */
  async texts(): Promise<unknown[]> {
    const { kv, prefix } = this.#options;
    const texts: unknown[] = [];
    for await (const { value } of kv.list<StoredEnd>({ prefix }, { batchSize: 500 })) {
      texts.push(value?.text);
    }
    return texts;
  }
}

interface StoredEnd {
  readonly timeMs: number;
  readonly text: string;
}

/** KV takes 1 000 changes in a commit. */
const MAX_CHANGES = 400;
