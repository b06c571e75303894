/**
 * What other processes do to the file of a log: they write to it, remove it or replace it.
 *
 * @module
 */

import type { Connection } from "./connection.ts";

/** Notices changes of an open file. */
export class FileChanges {
  readonly #path: string;
  readonly #identity: () => string | undefined;
  readonly #opened: string | undefined;
  readonly #connection: Connection;
  #checkedMs = -Infinity;
  #writes = 0;
  #wake: () => void = () => {};
  #isClosed = false;

  /**
   * Begins with the file as it is.
   *
   * @param identity Returns a text that identifies the file at the path now.
   */
  constructor(path: string, identity: () => string | undefined, connection: Connection) {
    this.#path = path;
    this.#identity = identity;
    this.#opened = identity();
    this.#connection = connection;
  }

  /** Records that this process has written. */
  noteWrite(): void {
    this.#writes++;
    this.#wake();
  }

  /** Returns a text that changes when this process or another one has written to the file. */
  version(): string {
    return `${this.#connection.get("PRAGMA data_version")?.data_version} ${this.#writes}`;
  }

  /** Resolves when any process has written since a version, after {@linkcode close}, or after 500 ms. */
  async after(version: string): Promise<void> {
    for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += POLL_MS) {
      if (this.#isClosed || this.version() !== version) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /**
   * Checks, at most once a second, that the file is still the one that was opened.
   *
   * @throws {Error} If the file was removed or replaced: SQLite would go on with a file that no other
   * process can find.
   */
  checkFile(): void {
    if (performance.now() - this.#checkedMs < CHECK_MS) return;
    if (this.#identity() !== this.#opened) {
      const path = JSON.stringify(this.#path);
      throw new Error(
        `Cannot use log: ${path} was removed or replaced while it was open; restart the process`,
      );
    }
    this.#checkedMs = performance.now();
  }

  /** Ends the waiting. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }
}

/** How often a waiting log asks whether another process has written. */
const POLL_MS = 25;
const MAX_WAIT_MS = 500;
const CHECK_MS = 1_000;
