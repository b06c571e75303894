/**
 * The epoch and the format of a KV log. The first process that opens the log sets both.
 *
 * @module
 */

import { checkFormat, FORMAT } from "../entries.ts";
import type { EpochState } from "../entry_store.ts";

/** The keys under which a log keeps its epoch, its format, and the number of its newest entry. */
export interface KvEpochKeys {
  readonly epoch: Deno.KvKey;
  readonly format: Deno.KvKey;
  readonly number: Deno.KvKey;
}

/**
 * Reads the epoch of a log. If the log has none, `own` becomes its epoch.
 *
 * @throws {Error} If a newer version has changed the format since the log was opened.
 */
export async function epochIn(kv: Deno.Kv, keys: KvEpochKeys, own: string): Promise<EpochState> {
  const [{ value, versionstamp }, counter, format] = await kv.getMany<[string, number, number]>(
    [keys.epoch, keys.number, keys.format],
  );
  checkFormat(format.value ?? 0);
  const number = counter.value ?? undefined;
  if (value !== null) return { epoch: value, wasMissing: false, number };
  // If the commit fails, another process has set an epoch.
  const check = { key: keys.epoch, versionstamp };
  const commit = await kv.atomic().check(check, format)
    .set(keys.epoch, own).set(keys.format, format.value ?? FORMAT).commit();
  const epoch = commit.ok ? own : (await kv.get<string>(keys.epoch)).value;
  // The epoch may be lost again in between.
  return epoch === null ? epochIn(kv, keys, own) : { epoch, wasMissing: true };
}

/**
 * Checks the format of a log, and updates a missing or older format.
 *
 * @throws {Error} If the format is newer than this version knows.
 */
export async function checkFormatIn(kv: Deno.Kv, key: Deno.KvKey): Promise<true> {
  const format = await kv.get<number>(key);
  checkFormat(format.value ?? 0);
  if (format.value !== FORMAT) {
    // If the commit fails, another process has set the format.
    await kv.atomic().check(format).set(key, FORMAT).commit();
  }
  return true;
}
