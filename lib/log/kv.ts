/**
 * A log in Deno KV: a SQLite file on one machine, or the store that instances on Deno Deploy share.
 *
 * @module
 */

import { ANY, checkOptions } from "../wire/check_options.ts";
import type { EndRecord } from "./shared/ends.ts";
import { checkFormat, encodeEntry, FORMAT, type Item, type StoredEntry } from "./entries.ts";
import {
  type EntryStore,
  EpochError,
  type EpochState,
  type Placed,
  type WriteOptions,
} from "./entry_store.ts";
import { KvBell } from "./kv/bell.ts";
import { failureOf, patiently } from "./kv/contention.ts";
import { KvEnds } from "./kv/ends.ts";
import { KvFile } from "./kv/file.ts";
import { KvKeys } from "./kv/keys.ts";
import { diskFull } from "./kv/reserve.ts";
import { KvTrimming } from "./kv/trimming.ts";
import { SharedLog } from "./shared_log.ts";
import { randomEpoch } from "../wire/ids.ts";
import type { EventLog } from "./event_log.ts";
import { MAX_AGE_MS, retentionOf, type RetentionOptions, retentionRules } from "./retention.ts";

export type { ServerSentEvent } from "../wire/event.ts";
export type {
  Appended,
  AppendOptions,
  EventLog,
  HistoryLimits,
  LeftOut,
  LogEnd,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
  StreamLimits,
} from "./event_log.ts";
export type { HistogramCounts } from "../wire/histogram.ts";
export type { LogStats } from "./log_stats.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openKvLog}. */
export interface KvLogOptions extends RetentionOptions {
  /**
   * The SQLite file, made if there is none, with its folder, so that only the user of the process can
   * read them (modes 0600 and 0700). Several processes of a machine may share it. Beside it stand
   * `<path>-wal` and `<path>-shm` of SQLite, `<path>-bell`, by which the processes hear of each other,
   * and `<path>-reserve`: 8 MB that are given up when the disk is full. Left out, the store is the one
   * that Deno has for the application: on Deno Deploy that of all its instances.
   */
  readonly path?: string;
  /**
   * What the keys begin with; hubs with different prefixes know nothing of each other.
   *
   * @default {["sse-hub"]}
   */
  readonly prefix?: readonly Deno.KvKeyPart[];
}

/**
 * Makes a log in Deno KV, for `new BroadcastHub({ log: openKvLog({ path: "hub.sqlite" }) })`; the hub
 * opens and closes it.
 *
 * What is published is durable when `publish()` resolves: with a file, written to it and synced; on
 * Deno Deploy, committed. What is published at once, with all its fields as JSON, may have 65 000 bytes,
 * as KV takes no values beyond 64 KiB. Other processes that share the file hear of an event at once. A
 * publish that finds the file locked by another process is tried again for 10 seconds.
 *
 * Needs `"unstable": ["kv"]` in `deno.json`, and the permission to read and write the folder of the
 * file. With the permission for the file alone, other processes hear of an event within 50 milliseconds,
 * and there is no reserve.
 *
 * @throws {TypeError} If the runtime has no Deno KV, or if there is no such option.
 * @throws {RangeError} If an option is not above 0.
 *
 * @example
 * ```ts ignore
 * import { BroadcastHub } from "@sse/hub";
 * import { openKvLog } from "@sse/hub/kv";
 *
 * const hub = new BroadcastHub({ log: openKvLog({ path: "./data/hub.sqlite" }) });
 * await hub.ready;
 * ```
 */
export function openKvLog(options: KvLogOptions = {}): EventLog {
  if (typeof globalThis.Deno?.openKv !== "function") {
    throw new TypeError('Cannot open log: Deno KV needs "unstable": ["kv"] in deno.json');
  }
  checkOptions("open log", options, { ...retentionRules, path: ANY, prefix: ANY });
  return new SharedLog(new KvStore(options), retentionOf(options));
}

/** Entries under the versionstamps of their commits, which grow from commit to commit. */
class KvStore implements EntryStore {
  readonly placeLength = PLACE_LENGTH;
  readonly maxEntryBytes = 65_000;
  // A commit takes 1 000 changes.
  readonly maxEntryKeys = 900;
  readonly #path: string | undefined;
  readonly #prefix: Deno.KvKey;
  readonly #epoch: Deno.KvKey;
  readonly #mark: Deno.KvKey;
  readonly #format: Deno.KvKey;
  readonly #number: Deno.KvKey;
  readonly #maxAgeMs: number;
  readonly #file: KvFile | undefined;
  #kv: Deno.Kv | undefined;
  #bell: KvBell | undefined;
  #trimming: KvTrimming | undefined;
  #ends: KvEnds | undefined;
  #keys: KvKeys | undefined;
  #isClosed = false;

  constructor({ path, prefix = ["sse-hub"], maxAgeMs = MAX_AGE_MS }: KvLogOptions) {
    this.#path = path;
    this.#prefix = prefix;
    this.#epoch = [...prefix, "epoch"];
    this.#mark = [...prefix, "trimmed"];
    this.#format = [...prefix, "format"];
    this.#number = [...prefix, "number"];
    this.#maxAgeMs = maxAgeMs;
    if (path !== undefined && path !== ":memory:") this.#file = new KvFile(path);
  }

  // Entries are stamped by the processes that write them.
  get nowMs(): number {
    return Date.now();
  }

  async open(): Promise<string> {
    await this.#file?.make();
    const kv = this.#kv = await this.#making(() => Deno.openKv(this.#path));
    const path = this.#file && `${this.#file.path}-bell`;
    this.#bell = new KvBell({ kv, key: [...this.#prefix, "bell"], path });
    if (this.#isClosed) kv.close();
    else await this.#bell.open();
    await this.#making(() => this.#checkFormat());
    const { epoch } = await this.#making(() => this.epoch(randomEpoch()));
    const withReserve = <T>(write: () => Promise<T>) => this.#withReserve(write);
    this.#keys = new KvKeys({
      kv,
      prefix: [...this.#prefix, "keys"],
      lists: [...this.#prefix, "key lists"],
      maxAgeMs: this.#maxAgeMs,
      placeOf,
      withReserve,
    });
    this.#ends = new KvEnds({
      kv,
      prefix: [...this.#prefix, "ends"],
      maxAgeMs: this.#maxAgeMs,
      withReserve,
    });
    this.#trimming = new KvTrimming({
      kv,
      mark: this.#mark,
      keyOf: (place) => this.#keyOf(stampOf(place)),
      placeLength: PLACE_LENGTH,
      openedAt: await this.gone() ?? "",
      withReserve,
    });
    await this.#file?.check();
    return epoch;
  }

  async epoch(own: string): Promise<EpochState> {
    const kv = this.#kv!;
    const [{ value, versionstamp }, counter] = await kv.getMany<[string, number]>(
      [this.#epoch, this.#number],
    );
    const number = counter.value ?? undefined;
    if (value !== null) return { epoch: value, wasMissing: false, number };
    // Where that is refused, there is one.
    await kv.atomic().check({ key: this.#epoch, versionstamp }).set(this.#epoch, own).commit();
    return { epoch: (await kv.get<string>(this.#epoch)).value!, wasMissing: true };
  }

  async write(items: readonly Item[], options: WriteOptions): Promise<readonly Placed[]> {
    if (this.#file?.reserve.hasRoom === false) throw diskFull();
    const placed = await this.#commit(() => this.#writeOnce(items, options));
    this.#bell!.ring();
    return placed;
  }

  async probe(): Promise<void> {
    await this.#file?.check();
    if (this.#file?.reserve.hasLastingRoom === false) throw diskFull();
    await this.#commit(async () => {
      const commit = await this.#kv!.atomic().set([...this.#prefix, "probe"], 0).commit();
      return commit.ok || undefined;
    });
  }

  read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    return this.#list(stampOf(fromPlace), count);
  }

  readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]> {
    const prefix = [...this.#prefix, ENTRIES];
    const end = beforePlace === undefined ? {} : { end: this.#keyOf(stampOf(beforePlace)) };
    return this.#entriesOf({ prefix, ...end }, { limit: count, reverse: true });
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    const start = stampOf(afterPlace) + "\0";
    await this.#file?.check();
    let page = await this.#list(start, count);
    if (page.length === 0 && mayWait && !this.#isClosed) {
      await this.#bell!.wait();
      page = this.#isClosed ? [] : await this.#list(start, count);
    }
    this.#file?.reserve.note(-page.length);
    return page;
  }

  async gone(): Promise<string | undefined> {
    return (await this.#kv!.get<string>(this.#mark)).value ?? undefined;
  }

  async trim(
    places: readonly string[],
    through: string,
    ends: readonly EndRecord[] = [],
  ): Promise<void> {
    // Where this process is killed in between, who reads them passes over those after the mark.
    await this.#ends!.keep(ends);
    await this.#trimming!.trim(places, through);
    await this.#keys!.expire();
    this.#file?.reserve.note(places.length);
  }

  ends(): Promise<unknown[]> {
    return this.#ends!.texts();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#bell?.close();
    this.#kv?.close();
  }

  /**
   * Writes items, or resolves with nothing if others have written meanwhile. Every entry changes the
   * number: where that is unchanged, what was read of the keys still holds.
   */
  async #writeOnce(
    items: readonly Item[],
    options: WriteOptions,
  ): Promise<readonly Placed[] | undefined> {
    const kv = this.#kv!;
    const [epoch, counter] = await kv.getMany<[string, number]>([this.#epoch, this.#number]);
    if (epoch.value !== options.epoch) throw new EpochError("KV has lost the epoch of the log");
    const { known, fresh } = await this.#keys!.sort(items);
    if (fresh.length === 0) return items.map(({ key }) => known.get(key!)!);
    const number = (counter.value ?? options.number) + 1;
    const text = encodeEntry(Date.now(), number, fresh);
    const atomic = kv.atomic().check(epoch, counter).set(this.#number, number)
      .set(this.#keyOf(kv.commitVersionstamp()), encoder.encode(text));
    const commit = await this.#bell!.addTo(this.#keys!.addTo(atomic, fresh, number)).commit();
    if (!commit.ok) return undefined;
    const place = placeOf(commit.versionstamp);
    const indexes = new Map(fresh.map((item, i) => [item.key ?? item, i + 1]));
    return items.map((item) =>
      known.get(item.key ?? "") ?? { place, index: indexes.get(item.key ?? item)! }
    );
  }

  async #checkFormat(): Promise<true> {
    const format = await this.#kv!.get<number>(this.#format);
    checkFormat(format.value ?? 0);
    if (format.value !== FORMAT) {
      // Where that is refused, another has set it.
      await this.#kv!.atomic().check(format).set(this.#format, FORMAT).commit();
    }
    return true;
  }

  /** Tries again what commits until no other process is in the way. */
  async #commit<T>(commit: () => Promise<T | undefined>): Promise<T> {
    try {
      return await patiently(commit);
    } catch (error) {
      if (failureOf(error) !== "full") throw error;
      // What is left of the disk is for dropping entries.
      await this.#file?.reserve.giveUp();
      throw diskFull(error);
    }
  }

  #making<T>(make: () => Promise<T>): Promise<T> {
    return patiently(() => this.#withReserve(make));
  }

  #withReserve<T>(write: () => Promise<T>): Promise<T> {
    return this.#file ? this.#file.withReserve(write) : write();
  }

  #list(startStamp: string, limit: number): Promise<StoredEntry[]> {
    const prefix = [...this.#prefix, ENTRIES];
    return this.#entriesOf({ prefix, start: this.#keyOf(startStamp) }, { limit });
  }

  async #entriesOf(
    selector: Deno.KvListSelector,
    options: { readonly limit: number; readonly reverse?: boolean },
  ): Promise<StoredEntry[]> {
    const page: StoredEntry[] = [];
    const batchSize = Math.min(options.limit, MAX_BATCH);
    for await (const { key, value } of this.#kv!.list(selector, { ...options, batchSize })) {
      // What no hub has written may be anything.
      const text = value instanceof Uint8Array ? decoder.decode(value) : "";
      page.push({ place: placeOf(key.at(-1) as string), text });
    }
    return page;
  }

  #keyOf(stamp: Deno.KvKeyPart): Deno.KvKey {
    return [...this.#prefix, ENTRIES, stamp];
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ENTRIES = "entries";
/** As many entries as KV reads at a time. */
const MAX_BATCH = 1_000;
// 80 bits: the 20 hexadecimal digits of a versionstamp.
const PLACE_LENGTH = 16;

function placeOf(stamp: string): string {
  return BigInt(`0x${stamp}`).toString(36).padStart(PLACE_LENGTH, "0");
}

function stampOf(place: string): string {
  let stamp = 0n;
  for (const digit of place) stamp = stamp * 36n + BigInt(parseInt(digit, 36));
  return stamp.toString(16).padStart(20, "0");
}
