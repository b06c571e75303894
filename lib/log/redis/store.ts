/**
 * The store of a log in Redis: one Redis stream with all entries, and a few keys beside it.
 *
 * @module
 */

import { guard, reportTo } from "../../wire/report.ts";
import type { Item, StoredEntry } from "../entries.ts";
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
import { encodeEndRecord, type EndRecord } from "../shared/ends.ts";
import { parseMoved, parseSentinel } from "./address.ts";
import { type RedisClient, RedisClients } from "./client.ts";
import { RedisClock } from "./clock.ts";
import { probe, tryCommands } from "./commands.ts";
import { idOf, PLACE_LENGTH, placeOf, type RedisEntry, storedEntries, ZERO } from "./entries.ts";
import { RedisEpoch } from "./epoch.ts";
import { isRefusal, messageOf } from "./error.ts";
import { evictionWarning } from "./eviction.ts";
import { DEFAULT_KEY, RedisKeys } from "./keys.ts";
import { RedisLink, TIMEOUT_MS } from "./link.ts";
import { RedisNotes } from "./notes.ts";
import { mapOf } from "./reply.ts";
import { APPEND, TRIM, TRIM_MARK } from "./scripts.ts";

/** Options of {@linkcode RedisStore}, with the meanings and defaults of `RedisLogOptions`. */
export interface RedisStoreOptions {
  readonly client?: RedisClient;
  readonly url?: string;
  readonly ca?: string;
  readonly sentinels?: readonly string[];
  readonly master?: string;
  readonly key?: string;
  readonly maxAgeMs?: number;
  readonly onWarning?: (text: string) => void;
}

/** Keeps the entries in one Redis stream, under the ids that Redis assigns. */
export class RedisStore implements EntryStore {
  readonly placeLength = PLACE_LENGTH;
  // Redis itself would take 512 MB.
  readonly maxEntryBytes = 8_388_608;
  readonly maxEntryKeys = 100_000;
  readonly #options: RedisStoreOptions;
  readonly #keys: RedisKeys;
  readonly #maxAgeMs: string;
  readonly #clock = new RedisClock();
  readonly notes: RedisNotes = new RedisNotes({
    send: (args) => this.#send(args),
    keyOf: (name) => this.#keys.of(name),
    nowMs: () => this.nowMs,
  });
  #link: RedisLink | undefined;
  #epoch: RedisEpoch | undefined;
  #isClosed = false;

  /** Takes the options; opens nothing yet. */
  constructor(options: RedisStoreOptions) {
    const { key = DEFAULT_KEY, maxAgeMs = MAX_AGE_MS } = options;
    this.#options = options;
    this.#keys = new RedisKeys(key);
    this.#maxAgeMs = maxAgeMs < Infinity ? `${Math.ceil(maxAgeMs)}` : "";
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  async open(onDown: (reason: unknown) => void): Promise<string> {
    const { client, url = "redis://localhost", ca } = this.#options;
    const clients = client ? new RedisClients(client) : await RedisClients.of(url, ca);
    if (this.#isClosed) throw new Error("Cannot open log: it is closed");
    const link = this.#link = this.#connect(clients, onDown);
    this.#epoch = new RedisEpoch({
      link,
      keys: this.#keys,
      clock: this.#clock,
      readOldest: async () => (await this.read(ZERO, 1))[0],
    });
    try {
      await link.open();
      for (;;) {
        try {
          return await this.#prepare(link);
        } catch (error) {
          if (this.#isClosed || isRefusal(error)) throw error;
          // After MOVED, the link connects to the other node at once.
          if (parseMoved(messageOf(error))) continue;
          onDown(error);
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    } catch (error) {
      link.close();
      throw error;
    }
  }

  async write(items: readonly Item[], options: WriteOptions): Promise<readonly Placed[]> {
    const keys = [...new Set(items.flatMap(({ key }) => key === undefined ? [] : [key]))];
    const numbers = new Map(keys.map((key, i) => [key, i + 1]));
    const names = [
      this.#keys.stream,
      ...["epoch", "number", ...keys.map((key) => `key:${key}`)].map((name) => this.#keys.of(name)),
    ];
    const { epoch, floor, number } = options;
    try {
      const placed = await this.#eval(APPEND, names, [
        ...[epoch, idOf(floor), `${number}`, this.#maxAgeMs],
        ...items.flatMap(({ text, key }) => [text, `${numbers.get(key ?? "") ?? 0}`]),
      ]);
      return (placed as string[]).map((text) => {
        const [id = "", index] = text.split(":");
        return { place: placeOf(id), index: Number(index) };
      });
    } catch (error) {
      const message = messageOf(error);
      throw message.startsWith("EPOCH ") ? new EpochError(message) : error;
    }
  }

  epoch(own: string): Promise<EpochState> {
    return this.#epoch!.read(own);
  }

  async probe(): Promise<void> {
    await this.#link!.ready(TIMEOUT_MS);
    await this.#send(probe(this.#keys));
  }

  async read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    const range = [idOf(fromPlace), "+", "COUNT", `${count}`];
    return storedEntries(await this.#send(["XRANGE", this.#keys.stream, ...range]));
  }

  async readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]> {
    const before = beforePlace === undefined ? "+" : `(${idOf(beforePlace)}`;
    const range = [before, "-", "COUNT", `${count}`];
    return storedEntries(await this.#send(["XREVRANGE", this.#keys.stream, ...range]));
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    await this.#link!.ready(TIMEOUT_MS);
    const block = mayWait ? ["BLOCK", `${BLOCK_MS}`] : [];
    const from = ["STREAMS", this.#keys.stream, idOf(afterPlace)];
    const args = ["XREAD", "COUNT", `${count}`, ...block, ...from];
    const reply = await this.#link!.sendBlocking(BLOCK_MS + TIMEOUT_MS, args);
    return reply ? storedEntries(mapOf(reply).get(this.#keys.stream)) : [];
  }

  async trim(
    due: readonly DueEntry[],
    through: string,
    ends: readonly EndRecord[] = [],
  ): Promise<void> {
    const { place, number = "" } = due.at(-1)!;
    const [ms, sequence] = idOf(place).split("-");
    const oldest = `${ms}-${Number(sequence) + 1}`;
    try {
      await this.#eval(
        TRIM,
        [this.#keys.stream, ...["gone", "ends", "gone-number"].map((name) => this.#keys.of(name))],
        [
          ...[oldest, through, `${number}`, this.#maxAgeMs],
          ...ends.flatMap((end) => [end.id, encodeEndRecord(end)]),
        ],
      );
    } catch (error) {
      // A full Redis refuses the script, which writes, but not XTRIM. The next script then has room.
      if (messageOf(error).startsWith("OOM ")) {
        await this.#send(["XTRIM", this.#keys.stream, "MINID", oldest]);
      }
      throw error;
    }
  }

  async trimMark(): Promise<TrimMark | undefined> {
    const names = ["gone", "gone-number"].map((name) => this.#keys.of(name));
    const [through, numbered] = await this.#eval(TRIM_MARK, names, []) as (string | null)[];
    if (!through) return undefined;
    const [numberOf, number] = numbered?.split(" ") ?? [];
    return { through, number: numberOf === through ? Number(number) : undefined };
  }

  async ends(): Promise<string[]> {
    const texts: string[] = [];
    for (let from = "-";;) {
      const range = [from, "+", "COUNT", `${MAX_ENDS}`];
      const page = await this.#send(["XRANGE", this.#keys.of("ends"), ...range]) as RedisEntry[];
      texts.push(...page.map(([, fields]) => fields[1] ?? ""));
      if (page.length < MAX_ENDS) return texts;
      from = `(${page.at(-1)![0]}`;
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#link?.close();
    return Promise.resolve();
  }

  #connect(clients: RedisClients, onDown: (reason: unknown) => void): RedisLink {
    const { sentinels = [], master = "" } = this.#options;
    return new RedisLink({
      clients,
      sentinels: sentinels.map((sentinel) => parseSentinel(sentinel)!),
      master,
      onDown,
    });
  }

  async #prepare(link: RedisLink): Promise<string> {
    await link.ready(Infinity);
    await this.#keys.find(link);
    await tryCommands(link, this.#keys);
    const epoch = await this.#epoch!.open();
    await this.#warn(link);
    return epoch;
  }

  /** Warns if Redis may evict the keys of the log. */
  async #warn(link: RedisLink): Promise<void> {
    const { onWarning } = this.#options;
    if (!onWarning) return;
    const text = await evictionWarning(link);
    if (text !== undefined) guard(reportTo(undefined), () => onWarning(text));
  }

  #eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#send(["EVAL", script, `${keys.length}`, ...keys, ...args]);
  }

  #send(args: readonly string[]): Promise<unknown> {
    return this.#link!.send(TIMEOUT_MS, args);
  }
}

/** The most ends that are read at once. */
const MAX_ENDS = 10_000;
const RETRY_MS = 1_000;
const BLOCK_MS = 4_000;
