/**
 * The file of a KV log: made for its user alone, looked at while it is open, with a reserve beside it.
 *
 * @module
 */

import { failureOf } from "./contention.ts";
import { DiskReserve } from "./reserve.ts";

/** A SQLite file that Deno KV has open. */
export class KvFile {
  readonly path: string;
  readonly reserve: DiskReserve;
  #identity: string | undefined;
  #checkedMs = -Infinity;

  /** Takes over a path. */
  constructor(path: string) {
    this.path = path;
    this.reserve = new DiskReserve(`${path}-reserve`);
  }

  /** Makes it and its folders, if there are none, so that nobody else on the machine can read them. */
  async make(): Promise<void> {
    const { path } = this;
    const folder = path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
    if (folder) await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      // SQLite gives the files that it puts beside this one the same mode.
      (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
  }

  /**
   * Looks once a second whether it is still the one that was opened, and how full its disk is.
   *
   * @throws {Error} If it was removed or replaced: Deno KV goes on with what no other process can find.
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

  /** Writes what may have the reserve of a full disk: `write` is called once more when it is given up. */
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

/** What tells a file from any other; `undefined` where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await Deno.stat(path);
    return `${dev} ${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
