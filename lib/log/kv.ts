/**
 * A log in Deno KV: a SQLite file on one machine, or the store that instances on Deno Deploy share.
 *
 * @module
 */

import type { EntryStore } from "./entry_store.ts";
import { SharedLog } from "./shared.ts";
import type { StoredEntry } from "./entries.ts";
import { type EventLog, randomEpoch } from "./log.ts";
import type { RetentionOptions } from "./retention.ts";

export type {
  AppendOptions,
  EventLog,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
} from "./log.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openKvLog}. */
export interface KvLogOptions extends RetentionOptions {
  /**
   * The SQLite file, made if there is none, with its folder, so that only the user of the process can
   * read them (modes 0600 and 0700). Several processes of a machine may share it. Left out, the store is
   * the one that Deno has for the application: on Deno Deploy that of all its instances.
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
 * as KV takes no values beyond 64 KiB. Other processes that share the file hear of an event within 50
 * milliseconds, as nothing rings across processes.
 *
 * Needs `"unstable": ["kv"]` in `deno.json`, and the permission to read and write the file.
 *
 * @throws {TypeError} If the runtime has no Deno KV.
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
  return new SharedLog(new KvStore(options), options);
}

/** Entries under the versionstamps of their commits, which grow from commit to commit. */
class KvStore implements EntryStore {
  readonly placeLength = PLACE_LENGTH;
  readonly maxEntryBytes = 65_000;
  readonly #path: string | undefined;
  readonly #entries: Deno.KvKey;
  readonly #bell: Deno.KvKey;
  readonly #epoch: Deno.KvKey;
  readonly #trimmed: Deno.KvKey;
  #kv: Deno.Kv | undefined;
  #watching: ReadableStreamDefaultReader<unknown> | undefined;
  #ring = Promise.withResolvers<void>();
  #isClosed = false;

  constructor({ path, prefix = ["sse-hub"] }: KvLogOptions) {
    this.#path = path;
    this.#entries = [...prefix, "entries"];
    this.#bell = [...prefix, "bell"];
    this.#epoch = [...prefix, "epoch"];
    this.#trimmed = [...prefix, "trimmed"];
  }

  async open(): Promise<string> {
    if (this.#path !== undefined && this.#path !== ":memory:") await makeFile(this.#path);
    const kv = this.#kv = await Deno.openKv(this.#path);
    if (this.#isClosed) kv.close();
    else this.#listen(kv);
    await kv.atomic().check({ key: this.#epoch, versionstamp: null })
      .set(this.#epoch, randomEpoch()).commit();
    return (await kv.get<string>(this.#epoch)).value!;
  }

  async write(text: string): Promise<string> {
    const commit = await this.#kv!.atomic()
      .set([...this.#entries, this.#kv!.commitVersionstamp()], encoder.encode(text))
      .set(this.#bell, 0)
      .commit();
    this.#ring.resolve();
    if (!commit.ok) throw new Error("Cannot append to log: the commit was refused");
    return placeOf(commit.versionstamp);
  }

  async probe(): Promise<void> {
    await this.#kv!.set(this.#bell, 0);
  }

  read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    return this.#list(stampOf(fromPlace), count);
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    const start = stampOf(afterPlace) + "\0";
    const page = await this.#list(start, count);
    if (page.length > 0 || !mayWait || this.#isClosed) return page;
    await this.#wait();
    return this.#isClosed ? [] : await this.#list(start, count);
  }

  async gone(): Promise<string | undefined> {
    return (await this.#kv!.get<string>(this.#trimmed)).value ?? undefined;
  }

  async trim(places: readonly string[], through: string): Promise<void> {
    await this.#setGone(through);
    for (let i = 0; i < places.length; i += TRIM_COUNT) {
      const atomic = this.#kv!.atomic();
      for (const place of places.slice(i, i + TRIM_COUNT)) {
        atomic.delete([...this.#entries, stampOf(place)]);
      }
      await atomic.commit();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#ring.resolve();
    await this.#watching?.cancel();
    this.#kv?.close();
  }

  // The highest of what any instance has dropped.
  async #setGone(through: string): Promise<void> {
    for (;;) {
      const gone = await this.#kv!.get<string>(this.#trimmed);
      if (gone.value !== null && gone.value >= through) return;
      const commit = await this.#kv!.atomic().check(gone).set(this.#trimmed, through).commit();
      if (commit.ok) return;
    }
  }

  async #list(startStamp: string, limit: number): Promise<StoredEntry[]> {
    const page: StoredEntry[] = [];
    const start = [...this.#entries, startStamp];
    const selector = { prefix: this.#entries, start };
    for await (const { key, value } of this.#kv!.list(selector, { limit })) {
      // What no hub has written may be anything.
      const text = value instanceof Uint8Array ? decoder.decode(value) : "";
      page.push({ place: placeOf(key.at(-1) as string), text });
    }
    return page;
  }

  /** Rings when the bell's key changes: by whom it was, within this process or, on Deploy, anywhere. */
  async #listen(kv: Deno.Kv): Promise<void> {
    const reader = this.#watching = kv.watch([this.#bell]).getReader();
    try {
      while (!(await reader.read()).done) this.#ring.resolve();
    } catch {
      // Closed, or away; the time that next() waits goes on.
    }
  }

  async #wait(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waitMs = this.#path === undefined ? WAIT_MS : POLL_MS;
    const time = new Promise<void>((resolve) => timer = setTimeout(resolve, waitMs));
    await Promise.race([time, this.#ring.promise]);
    clearTimeout(timer);
    if (!this.#isClosed) this.#ring = Promise.withResolvers();
  }
}

/** Makes a file and its folders, if there are none, that nobody else on the machine can read. */
async function makeFile(path: string): Promise<void> {
  const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (folder) await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    // SQLite gives the files that it puts beside this one the same mode.
    (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const TRIM_COUNT = 200;
/** How long another process's entry may go unnoticed. */
const POLL_MS = 50;
/** How long the bell is trusted. */
const WAIT_MS = 2_000;
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
