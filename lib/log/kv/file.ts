/**
 * The file of a KV log: created for its user alone, watched for removal, and with a reserve beside it.
 *
 * @module
 */

import { failureOf } from "../shared/contention.ts";
import { DiskReserve } from "./reserve.ts";

/** The SQLite file of a log. */
export class KvFile {
  readonly path: string;
  readonly reserve: DiskReserve;
  #identity: string | undefined;
  #checkedMs = -Infinity;

  /** Takes the path of the file; creates nothing yet. */
  constructor(path: string) {
    this.path = path;
    this.reserve = new DiskReserve(`${path}-reserve`);
  }

  /** Creates the file and its folders if they are missing, readable by nobody else on the machine. */
  async make(): Promise<void> {
    const { path } = this;
    const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
    if (folder) await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      // SQLite's files beside this one get the same mode.
      (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }

  /**
   * Checks, at most once a second, that the file is still the one that was opened, and how full its disk
   * is.
   *
   * @throws {Error} If the file was removed or replaced: Deno KV would go on with a file that no other
   * process can find.
   */
  async check(): Promise<void> {
    if (performance.now() - this.#checkedMs < CHECK_MS) return;
    const identity = await identityOf(this.path);
    this.#identity ??= identity;
    if (identity === undefined || identity !== this.#identity) {
      throw new Error(
        `Cannot use log: ${JSON.stringify(this.path)} was removed or replaced while it was open; ` +
          "restart the process",
      );
    }
    await this.reserve.check();
    this.#checkedMs = performance.now();
  }

  /** Calls `write`. If the disk is full, frees the reserve and calls `write` once more. */
  async withReserve<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (failureOf(error) !== "full") throw error;
      await this.reserve.giveUp();
      return await write();
    }
  }
}

const CHECK_MS = 1_000;

/** Returns a text that identifies a file; `undefined` if no file is there. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await Deno.stat(path);
    return `${dev} ${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
