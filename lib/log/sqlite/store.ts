/**
 * The store of a log in a SQLite file. Each method is one transaction.
 *
 * @module
 */

import { randomEpoch } from "../../wire/ids.ts";
import { checkFormat, encodeEntry, FORMAT, type Item, type StoredEntry } from "../entries.ts";
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
import { Connection } from "./connection.ts";
import { openFile, type Value } from "./database.ts";
import { FileChanges } from "./file_changes.ts";
import { sortItems } from "./items.ts";
import { NOTES_SCHEMA, SqliteNotes } from "./notes.ts";
import { numberOf, PLACE_LENGTH, placeOf } from "./places.ts";

/** Options of {@linkcode SqliteStore}, with the meanings and defaults of `SqliteLogOptions`. */
export interface SqliteStoreOptions {
  readonly path: string;
  readonly maxAgeMs?: number;
}

/** Keeps each entry at a whole number, which grows from entry to entry. */
export class SqliteStore implements EntryStore {
  readonly placeLength = PLACE_LENGTH;
  readonly maxEntryBytes = 8_388_608;
  readonly maxEntryKeys = 100_000;
  readonly #path: string;
  readonly #maxAgeMs: number;
  #connection: Connection | undefined;
  #notes: SqliteNotes | undefined;
  #changes: FileChanges | undefined;
  #isClosed = false;

  /** Takes the options; opens nothing yet. */
  constructor({ path, maxAgeMs = MAX_AGE_MS }: SqliteStoreOptions) {
    this.#path = path;
    this.#maxAgeMs = maxAgeMs;
  }

  // The processes that write entries stamp them with their own clocks.
  get nowMs(): number {
    return Date.now();
  }

  get notes(): SqliteNotes | undefined {
    return this.#notes;
  }

  async open(): Promise<string> {
    const { database, identity } = await openFile(this.#path);
    const connection = this.#connection = new Connection(database);
    this.#changes = new FileChanges(this.#path, identity, connection);
    if (this.#isClosed) connection.close();
    // This process waits for a lock by itself, so that the wait stops nothing else.
    connection.exec("PRAGMA busy_timeout = 0");
    await connection.exclusively("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    const epoch = await connection.transact(() => {
      connection.exec(SCHEMA + NOTES_SCHEMA);
      checkFormat(this.#setting("format") ?? 0);
      this.#set("format", FORMAT);
      return this.#epoch(randomEpoch()).epoch;
    });
    this.#notes = new SqliteNotes(connection);
    return epoch;
  }

  epoch(own: string): Promise<EpochState> {
    return this.#connection!.transact(() => this.#epoch(own));
  }

  async write(items: readonly Item[], options: WriteOptions): Promise<readonly Placed[]> {
    const placed = await this.#connection!.add(() => this.#writeOnce(items, options));
    this.#changes!.noteWrite();
    // SQLite has answered within the turn: without a pause, publishing in a loop would let no socket work.
    await nextTurn();
    return placed;
  }

  async probe(): Promise<void> {
    await this.#connection!.add(() => this.#set("probe", Date.now()));
  }

  read(fromPlace: string, count: number): Promise<StoredEntry[]> {
    return this.#entries("place >= ? ORDER BY place", numberOf(fromPlace), count);
  }

  readBack(beforePlace: string | undefined, count: number): Promise<StoredEntry[]> {
    const before = beforePlace === undefined ? Infinity : numberOf(beforePlace);
    return this.#entries("place < ? ORDER BY place DESC", before, count);
  }

  async next(afterPlace: string, count: number, mayWait: boolean): Promise<StoredEntry[]> {
    const changes = this.#changes!;
    changes.checkFile();
    const read = () => this.#entries("place > ? ORDER BY place", numberOf(afterPlace), count);
    const version = changes.version();
    const page = await read();
    if (page.length > 0 || !mayWait) return page;
    await changes.after(version);
    return this.#isClosed ? [] : await read();
  }

  async trim(
    due: readonly DueEntry[],
    through: string,
    ends: readonly EndRecord[] = [],
  ): Promise<void> {
    const connection = this.#connection!;
    await connection.transact(() => {
      const oldMs = Date.now() - this.#maxAgeMs;
      for (const record of ends) {
        const { id, timeMs } = record;
        const text = encodeEndRecord(record);
        connection.run("INSERT OR REPLACE INTO ends VALUES (?, ?, ?)", id, timeMs, text);
      }
      connection.run("DELETE FROM ends WHERE time_ms < ?", oldMs);
      connection.run("DELETE FROM keys WHERE time_ms < ?", oldMs);
      for (const { place } of due) {
        connection.run("DELETE FROM entries WHERE place = ?", numberOf(place));
      }
      const mark = this.#setting("trimmed");
      if (mark !== undefined && mark !== null && mark > through) return;
      this.#set("trimmed", through);
      this.#set("trimmed number", due.at(-1)?.number ?? null);
    });
  }

  trimMark(): Promise<TrimMark | undefined> {
    return this.#connection!.transact(() => {
      const through = this.#setting("trimmed");
      const number = this.#setting("trimmed number");
      if (typeof through !== "string") return undefined;
      return { through, number: typeof number === "number" ? number : undefined };
    });
  }

  async ends(): Promise<readonly unknown[]> {
    const rows = await this.#connection!.read("SELECT text FROM ends");
    return rows.map(({ text }) => text);
  }

  close(): Promise<void> {
    if (!this.#isClosed) this.#connection?.close();
    this.#isClosed = true;
    this.#changes?.close();
    return Promise.resolve();
  }

  #epoch(own: string): EpochState {
    const epoch = this.#setting("epoch");
    const number = this.#setting("number");
    const state = typeof number === "number" ? { number } : {};
    if (typeof epoch === "string") return { epoch, wasMissing: false, ...state };
    this.#set("epoch", own);
    return { epoch: own, wasMissing: true, ...state };
  }

  #writeOnce(items: readonly Item[], { epoch, floor, number }: WriteOptions): readonly Placed[] {
    if (this.#setting("epoch") !== epoch) throw new EpochError("the file has lost the epoch");
    const timeMs = Date.now();
    const { known, fresh } = sortItems(items, (key) => this.#known(key, timeMs));
    if (fresh.length === 0) return items.map(({ key }) => known.get(key!)!);
    const place = Math.max(Number(this.#setting("place") ?? 0), numberOf(floor)) + 1;
    const next = Number(this.#setting("number") ?? number) + 1;
    const text = encodeEntry(timeMs, next, fresh);
    this.#connection!.run("INSERT INTO entries VALUES (?, ?)", place, text);
    this.#set("place", place);
    this.#set("number", next);
    const indexes = new Map(fresh.map((item, i) => [item.key ?? item, i + 1]));
    for (const [i, { key }] of fresh.entries()) {
      if (key === undefined) continue;
      this.#connection!.run(
        "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)",
        key,
        place,
        i + 1,
        timeMs,
      );
    }
    return items.map((item) =>
      known.get(item.key ?? "") ??
        { place: placeOf(place), index: indexes.get(item.key ?? item)! }
    );
  }

  #known(key: string, nowMs: number): Placed | undefined {
    const sql = "SELECT place, item FROM keys WHERE key = ? AND time_ms >= ?";
    const row = this.#connection!.get(sql, key, nowMs - this.#maxAgeMs);
    return row ? { place: placeOf(Number(row.place)), index: Number(row.item) } : undefined;
  }

  /** Reads entries. The condition's parameter is a place. */
  async #entries(condition: string, place: number, count: number): Promise<StoredEntry[]> {
    const sql = `SELECT place, text FROM entries WHERE ${condition} LIMIT ?`;
    const rows = await this.#connection!.read(sql, place, count);
    return rows.map(({ place, text }) => ({
      place: placeOf(Number(place)),
      // A value that no hub has written may have any type.
      text: typeof text === "string" ? text : "",
    }));
  }

  #setting(name: string): Value | undefined {
    return this.#connection!.get("SELECT value FROM settings WHERE name = ?", name)?.value;
  }

  #set(name: string, value: Value): void {
    this.#connection!.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, value);
  }
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (place INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY, place INTEGER NOT NULL, item INTEGER NOT NULL, time_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS keys_by_time ON keys (time_ms);
CREATE TABLE IF NOT EXISTS ends (
  id TEXT PRIMARY KEY, time_ms INTEGER NOT NULL, text TEXT NOT NULL
) WITHOUT ROWID;
`;

/** Resolves in the next turn of the event loop; `setTimeout()` would wait for a millisecond. */
function nextTurn(): Promise<void> {
  const { setImmediate = setTimeout } = globalThis as {
    setImmediate?: (run: () => void) => unknown;
  };
  return new Promise((resolve) => void setImmediate(resolve));
}
