/**
 * The store of a log in Deno KV: writes entries, and leaves reading, trimming and notifying to its parts.
 *
 * @module
 */

import { randomEpoch } from "../../wire/ids.ts";
import { encodeEntry, type Item, type StoredEntry } from "../entries.ts";
import {
  type DueEntry,
  type EntryStore,
  EpochError,
  type EpochState,
  type Placed,
  type TrimMark,
  type WriteOptions,
} from "../entry_store.ts";
import { MAX_AGE_MS } from "../retention.ts";
import { diskFull, failureOf, patiently } from "../shared/contention.ts";
import type { EndRecord } from "../shared/ends.ts";
import { KvBell } from "./bell.ts";
import { KvEnds } from "./ends.ts";
import { KvEntries } from "./entries.ts";
import { checkFormatIn, epochIn } from "./epoch.ts";
import { KvFile } from "./file.ts";
import { KvKeys } from "./keys.ts";
import { KvNotes } from "./notes.ts";
import { PLACE_LENGTH, placeOf } from "./places.ts";
import { KvTrimming, type MarkNumber } from "./trimming.ts";

/** Options of {@linkcode KvStore}, with the meanings and defaults of `KvLogOptions`. */
export interface KvStoreOptions {
  readonly path?: string;
  readonly prefix?: Deno.KvKey;
  readonly maxAgeMs?: number;
}

/** Keeps each entry under the versionstamp of its commit; versionstamps grow from commit to commit. */
export class KvStore implements EntryStore {
  readonly placeLength = PLACE_LENGTH;
  readonly maxEntryBytes = 65_000;
  // KV takes 1 000 changes in a commit.
  readonly maxEntryKeys = 900;
  readonly #path: string | undefined;
  readonly #prefix: Deno.KvKey;
  readonly #epoch: Deno.KvKey;
  readonly #format: Deno.KvKey;
  readonly #mark: Deno.KvKey;
  readonly #markNumber: Deno.KvKey;
  readonly #number: Deno.KvKey;
  readonly #maxAgeMs: number;
  readonly #file: KvFile | undefined;
  #kv: Deno.Kv | undefined;
  #bell: KvBell | undefined;
  #entries: KvEntries | undefined;
  #trimming: KvTrimming | undefined;
  #ends: KvEnds | undefined;
  #keys: KvKeys | undefined;
  #notes: KvNotes | undefined;
  // The place through which the last read has brought everything; undefined where it may have left some.
  #readThrough: string | undefined;
  #isClosed = false;
  #isKvClosed = false;

  /** Takes the options; opens nothing yet. */
  constructor({ path, prefix = ["sse-hub"], maxAgeMs = MAX_AGE_MS }: KvStoreOptions) {
    this.#path = path;
    this.#prefix = prefix;
    this.#epoch = [...prefix, "epoch"];
    this.#format = [...prefix, "format"];
    this.#mark = [...prefix, "trimmed"];
    this.#markNumber = [...prefix, "trimmed number"];
    this.#number = [...prefix, "number"];
    this.#maxAgeMs = maxAgeMs;
    if (path !== undefined && path !== ":memory:") this.#file = new KvFile(path);
  }

  // The processes that write entries stamp them with their own clocks.
  get nowMs(): number {
    return Date.now();
  }

  get notes(): KvNotes | undefined {
    return this.#notes;
  }

  async open(): Promise<string> {
    await this.#file?.make();
    const kv = this.#kv = await this.#making(() => Deno.openKv(this.#path));
    const path = this.#file && `${this.#file.path}-bell`;
    this.#bell = new KvBell({ kv, key: [...this.#prefix, "bell"], path });
    if (this.#isClosed) this.#closeKv();
    else await this.#bell.open();
    await this.#making(() => checkFormatIn(kv, this.#format));
    const { epoch } = await this.#making(() => this.epoch(randomEpoch()));
    const withReserve = <T>(write: () => Promise<T>) => this.#withReserve(write);
    const entries = this.#entries = new KvEntries(kv, [...this.#prefix, "entries"]);
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
    this.#notes = new KvNotes({ kv, prefix: [...this.#prefix, "notes"], withReserve });
    this.#trimming = new KvTrimming({
      kv,
      mark: this.#mark,
      markNumber: this.#markNumber,
      keyOf: (place) => entries.keyAt(place),
      placeLength: PLACE_LENGTH,
      openedAt: (await this.trimMark())?.through ?? "",
      withReserve,
    });
    await this.#file?.check();
    return epoch;
  }

  epoch(own: string): Promise<EpochState> {
    const keys = { epoch: this.#epoch, format: this.#format, number: this.#number };
    return epochIn(this.#kv!, keys, own);
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
    return this.#entries!.from(fromPlace, count);
  }

  readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]> {
    return this.#entries!.before(beforePlace, count);
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    await this.#file?.check();
    // An entry that was committed after the last read has rung the bell since.
    const isRead = mayWait && afterPlace === this.#readThrough;
    let page = isRead ? [] : await this.#entries!.after(afterPlace, count);
    if (page.length === 0 && mayWait && !this.#isClosed) {
      await this.#bell!.wait();
      page = this.#isClosed ? [] : await this.#entries!.after(afterPlace, count);
    }
    this.#readThrough = page.length < count ? page.at(-1)?.place ?? afterPlace : undefined;
    this.#file?.reserve.note(-page.length);
    return page;
  }

  async trimMark(): Promise<TrimMark | undefined> {
    const [{ value: through }, { value: numbered }] = await this.#kv!
      .getMany<[string, MarkNumber]>([this.#mark, this.#markNumber]);
    if (through === null) return undefined;
    return { through, number: numbered?.[0] === through ? numbered[1] : undefined };
  }

  async trim(
    due: readonly DueEntry[],
    through: string,
    ends: readonly EndRecord[] = [],
  ): Promise<void> {
    // If this process is killed in between, readers skip the ends after the mark.
    await this.#ends!.keep(ends);
    await this.#trimming!.trim(due, through);
    await this.#keys!.expire();
    this.#file?.reserve.note(due.length);
  }

  ends(): Promise<unknown[]> {
    return this.#ends!.texts();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#bell?.close();
    this.#closeKv();
  }

  // A log that is closed while it opens gets here twice, and a second close() of a Kv throws.
  #closeKv(): void {
    if (!this.#isKvClosed) this.#kv?.close();
    this.#isKvClosed = this.#kv !== undefined;
  }

  /**
   * Writes items, or resolves with `undefined` if other processes have written meanwhile. Every entry
   * changes the number: if the number is unchanged, no key has been added since the keys were read.
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
      .set(this.#entries!.keyOf(kv.commitVersionstamp()), encoder.encode(text));
    const commit = await this.#bell!.addTo(this.#keys!.addTo(atomic, fresh, number)).commit();
    if (!commit.ok) return undefined;
    const place = placeOf(commit.versionstamp);
    const indexes = new Map(fresh.map((item, i) => [item.key ?? item, i + 1]));
    return items.map((item) =>
      known.get(item.key ?? "") ?? { place, index: indexes.get(item.key ?? item)! }
    );
  }

  /** Retries a commit until no other process interferes. */
  async #commit<T>(commit: () => Promise<T | undefined>): Promise<T> {
    try {
      return await patiently(commit);
    } catch (error) {
      if (failureOf(error) !== "full") throw error;
      // The rest of the disk's space is for trimming.
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
}

const encoder = new TextEncoder();
