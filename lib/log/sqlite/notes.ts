/**
 * The notes of a log in SQLite, numbered in each topic.
 *
 * @module
 */

import { MAX_READ_NOTES, type Note, noteLimits, type Notes, type NoteTopic } from "../notes.ts";
import type { Connection } from "./connection.ts";
import { numberOf, placeOf } from "./places.ts";

/** The table of the notes. */
export const NOTES_SCHEMA = `
CREATE TABLE IF NOT EXISTS notes (
  topic TEXT NOT NULL, number INTEGER NOT NULL, time_ms INTEGER NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (topic, number)
) WITHOUT ROWID;
`;

/** Keeps notes under their numbers. The newest is never dropped, so that no number comes twice. */
export class SqliteNotes implements Notes {
  readonly #connection: Connection;

  /** Takes a connection whose database has the table. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async add(topic: NoteTopic, text: string): Promise<void> {
    const connection = this.#connection;
    await connection.add(() => {
      const newest = connection.get("SELECT max(number) AS n FROM notes WHERE topic = ?", topic);
      const number = Number(newest?.n ?? 0) + 1;
      connection.run("INSERT INTO notes VALUES (?, ?, ?, ?)", topic, number, Date.now(), text);
      const dropped = number - noteLimits[topic];
      connection.run("DELETE FROM notes WHERE topic = ? AND number <= ?", topic, dropped);
    });
  }

  async after(topic: NoteTopic, place: string): Promise<readonly Note[]> {
    const sql = `SELECT number, time_ms, text FROM notes WHERE topic = ? AND number > ?
      ORDER BY number LIMIT ${MAX_READ_NOTES}`;
    const rows = await this.#connection.read(sql, topic, numberOf(place));
    return rows.map(({ number, time_ms, text }) => ({
      place: placeOf(Number(number)),
      text: `${text}`,
      ageMs: Math.max(Date.now() - Number(time_ms), 0),
    }));
  }
}
