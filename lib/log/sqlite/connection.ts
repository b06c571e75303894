/**
 * A connection to the database of a log: its prepared statements, and its transactions.
 *
 * @module
 */

import { diskFull, failureOf, patiently } from "../shared/contention.ts";
import type { Database, Row, Statement, Value } from "./database.ts";

/** An open connection. While another process has locked the file, its transactions are retried. */
export class Connection {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  /** Takes an open database, which `close()` closes. */
  constructor(database: Database) {
    this.#database = database;
  }

  /** Runs SQL without parameters. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs a statement without returning rows. */
  run(sql: string, ...values: Value[]): void {
    this.#statement(sql).run(...values);
  }

  /** Returns the first row; `undefined` if there is none. */
  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  /** Returns all rows. */
  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** Returns all rows, also while another process writes. */
  async read(sql: string, ...values: Value[]): Promise<Row[]> {
    // deno-lint-ignore require-await -- an error must reject
    return await patiently(async () => this.all(sql, ...values));
  }

  /** Runs SQL that is no transaction and needs the file for itself. */
  async exclusively(sql: string): Promise<void> {
    // deno-lint-ignore require-await -- an error must reject
    await patiently(async () => {
      this.exec(sql);
      return true;
    });
  }

  /** Runs a transaction; rejects with nothing written. */
  async transact<T>(run: () => T): Promise<T> {
    const [result] = await patiently(() => this.#transactOnce(() => [run()] as const));
    return result;
  }

  /** Runs a transaction that adds something; on a full disk, rejects with an error that says so. */
  async add<T>(run: () => T): Promise<T> {
    try {
      return await this.transact(run);
    } catch (error) {
      throw failureOf(error) === "full" ? diskFull(error) : error;
    }
  }

  /** Closes the database. */
  close(): void {
    this.#database.close();
  }

  // deno-lint-ignore require-await -- an error must reject
  async #transactOnce<T>(run: () => T): Promise<T> {
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = run();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself, as on a full disk.
      }
      throw error;
    }
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#database.prepare(sql));
    return statement;
  }
}
