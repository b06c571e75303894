/**
 * How the processes that share a KV file notify each other of new entries: a process that has written
 * sets the time of a file beside the KV file, and all processes watch that file.
 *
 * Watching SQLite's own files would not work: they change before an entry can be read, and not at the
 * moment when it can.
 *
 * @module
 */

/** A file whose changes all processes watch. */
export class FileBell {
  readonly #file: Deno.FsFile;
  readonly #watcher: Deno.FsWatcher;
  readonly #watching: Promise<void>;
  #ringing: Promise<void> | undefined;
  #isAgain = false;
  #closing: Promise<void> | undefined;
  #isHeard = true;

  /**
   * Opens the bell at a path, and creates its file if it is missing.
   *
   * @param onRing Called when any process, this one included, has rung the bell.
   * @returns The bell; `undefined` if a permission is missing, or if the system can't watch files.
   */
  static async open(path: string, onRing: () => void): Promise<FileBell | undefined> {
    // Opening a file without the permission would stop and prompt the user.
    for (const name of ["read", "write"] as const) {
      const { state } = await Deno.permissions.query({ name, path });
      if (state !== "granted") return undefined;
    }
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
      return new FileBell(file, Deno.watchFs(path), onRing);
    } catch {
      // The log polls for entries instead.
      file?.close();
      return undefined;
    }
  }

  private constructor(file: Deno.FsFile, watcher: Deno.FsWatcher, onRing: () => void) {
    this.#file = file;
    this.#watcher = watcher;
    this.#watching = this.#watch(onRing);
  }

  /** Whether rings can be heard, as far as is known. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  /** Notifies all processes of a new entry. */
  ring(): void {
    this.#isAgain = true;
    this.#ringing ??= this.#ring();
  }

  /** Stops watching. May be called twice. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
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
        // The other processes also poll, at longer intervals.
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
      // The watcher has failed: the log polls for entries from now on.
    }
    this.#isHeard = false;
  }
}
