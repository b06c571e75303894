/**
 * How the processes that share a KV file hear of each other's entries: whoever has written sets the
 * time of a file beside it, which all of them watch.
 *
 * The files of SQLite would not do: they change before an entry can be read, and not when it can.
 *
 * @module
 */

/** A file that all processes watch. */
export class FileBell {
  readonly #file: Deno.FsFile;
  readonly #watcher: Deno.FsWatcher;
  readonly #watching: Promise<void>;
  #ringing: Promise<void> | undefined;
  #isAgain = false;
  #isHeard = true;

  /**
   * Opens the bell of a path, made if there is none.
   *
   * @param onRing Called when any process has rung it, this one included.
   * @returns `undefined` where that can't be: a permission is missing, or the system watches no files.
   */
  static async open(path: string, onRing: () => void): Promise<FileBell | undefined> {
    // Asking for a permission that is not granted would stop and prompt.
    for (const name of ["read", "write"] as const) {
      const { state } = await Deno.permissions.query({ name, path });
      if (state !== "granted") return undefined;
    }
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
      return new FileBell(file, Deno.watchFs(path), onRing);
    } catch {
      // The entries are polled for instead.
      file?.close();
      return undefined;
    }
  }

  private constructor(file: Deno.FsFile, watcher: Deno.FsWatcher, onRing: () => void) {
    this.#file = file;
    this.#watcher = watcher;
    this.#watching = this.#watch(onRing);
  }

  /** Whether it would be heard, as far as is known. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** Lets all processes know that there is a new entry. */
  ring(): void {
    this.#isAgain = true;
    this.#ringing ??= this.#ring();
  }

  /** Stops watching. */
  async close(): Promise<void> {
    this.#watcher.close();
    await Promise.all([this.#watching, this.#ringing]);
    this.#file.close();
  }

  async #ring(): Promise<void> {
    while (this.#isAgain) {
      this.#isAgain = false;
      const now = new Date();
      try {
        await this.#file.utime(now, now);
      } catch {
        // The others poll as well, only not as often.
      }
    }
    this.#ringing = undefined;
  }

  async #watch(onRing: () => void): Promise<void> {
    try {
      for await (const { kind } of this.#watcher) {
        if (kind === "remove") break;
        onRing();
      }
    } catch {
      // Whatever ended it: from now on the entries are polled for.
    }
    this.#isHeard = false;
  }
}
