/**
 * The SQLite file of a log, created for its user alone, and its database. Node, Bun and Deno all have
 * `node:sqlite`.
 *
 * @module
 */

/** A value of a column. */
export type Value = string | number | null;

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, Value | undefined>>;

/** A database, whose calls all return at once. */
export interface Database {
  /** Runs SQL without parameters. */
  exec(sql: string): void;
  /** Prepares a statement with `?` for each parameter. */
  prepare(sql: string): Statement;
  /** Closes it. */
  close(): void;
}

/** A prepared statement. */
export interface Statement {
  /** Returns all rows. */
  all(...values: Value[]): Row[];
  /** Returns the first row; `undefined` if there is none. */
  get(...values: Value[]): Row | undefined;
  /** Runs it without returning rows. */
  run(...values: Value[]): unknown;
}

/** An open file. */
export interface OpenFile {
  readonly database: Database;
  /** Returns a text that identifies the file at the path now; `undefined` if there is none. */
  readonly identity: () => string | undefined;
}

/**
 * Opens the database at a path. Creates the file and its folder if they are missing, readable by nobody
 * else on the machine.
 *
 * @throws {TypeError} If the runtime has no SQLite.
 */
export async function openFile(path: string): Promise<OpenFile> {
  const files = await import(FILES) as FileModule;
  const { DatabaseSync } = await loadSqlite();
  const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  if (folder) files.mkdirSync(folder, { recursive: true, mode: 0o700 });
  // SQLite's files beside this one get the same mode.
  files.closeSync(files.openSync(path, "a", 0o600));
  const identity = () => {
    const stat = files.statSync(path, { throwIfNoEntry: false });
    return stat && `${stat.dev} ${stat.ino}`;
  };
  return { database: new DatabaseSync(path), identity };
}

async function loadSqlite(): Promise<SqliteModule> {
  try {
    return await import(SQLITE);
  } catch (cause) {
    const message =
      "Cannot open log: this runtime has no node:sqlite; use Node 22.13, Bun 1.4 or later";
    throw new TypeError(message, { cause });
  }
}

// Not written into the imports: an application that uses another log can run without these modules.
const FILES = "node:fs";
const SQLITE = "node:sqlite";

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => Database;
}

interface FileModule {
  mkdirSync(path: string, options: { recursive: boolean; mode: number }): void;
  openSync(path: string, flags: string, mode: number): number;
  closeSync(file: number): void;
  statSync(
    path: string,
    options: { throwIfNoEntry: false },
  ): { readonly dev: number; readonly ino: number } | undefined;
}
