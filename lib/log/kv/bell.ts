/**
 * How a KV log is notified of a new entry. For a log in a file, all its processes ring a
 * {@linkcode FileBell}. Otherwise each commit sets a key that Deno KV watches, on Deno Deploy across all
 * instances.
 *
 * @module
 */

import { FileBell } from "./file_bell.ts";

/** Options of {@linkcode KvBell}. */
export interface KvBellOptions {
  readonly kv: Deno.Kv;
  /** The key to watch if there is no file. */
  readonly key: Deno.KvKey;
  /** The path of the file to watch, created if it is missing. Left out if the store is not in a file. */
  readonly path?: string | undefined;
}

/** A bell that rings for each new entry. */
export class KvBell {
  readonly #options: KvBellOptions;
  #file: FileBell | undefined;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;
  #rung = Promise.withResolvers<void>();
  #hearing: ReturnType<typeof setTimeout> | undefined;
  #heardMs = -Infinity;
  #isClosed = false;

  /** Makes a bell that rings only once it is open. */
  constructor(options: KvBellOptions) {
    this.#options = options;
  }

  /** Begins to listen. */
  async open(): Promise<void> {
    const { kv, key, path } = this.#options;
    if (path !== undefined) this.#file = await FileBell.open(path, () => this.#hear());
    if (this.#isClosed) await this.#file?.close();
    else if (!this.#file) this.#watch(kv.watch([key]).getReader());
  }

  /** Makes a commit ring the bell, if the bell is a key. */
  addTo(commit: Deno.AtomicOperation): Deno.AtomicOperation {
    return this.#file ? commit : commit.set(this.#options.key, 0);
  }

  /** Rings the bell for an entry that has been committed. */
  ring(): void {
    this.#rung.resolve();
    this.#file?.ring();
  }

  /** Resolves when the bell has rung since the last wait, or when it is time to poll. */
  async wait(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#waitMs);
    });
    await Promise.race([late, this.#rung.promise]);
    clearTimeout(timer);
    if (!this.#isClosed) this.#rung = Promise.withResolvers();
  }

  /** Stops listening. Every `wait()` resolves at once from now on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rung.resolve();
    clearTimeout(this.#hearing);
    await this.#reader?.cancel();
    await this.#file?.close();
  }

  // At once for a lone ring; rings that follow within moments are gathered.
  #hear(): void {
    if (this.#hearing !== undefined) return;
    const inMs = Math.max(this.#heardMs + GATHER_MS - performance.now(), 0);
    const hear = () => {
      this.#hearing = undefined;
      this.#heardMs = performance.now();
      this.#rung.resolve();
    };
    if (inMs === 0) hear();
    else this.#hearing = setTimeout(hear, inMs);
  }

  get #waitMs(): number {
    if (this.#options.path === undefined) return KEY_TRUST_MS;
    return this.#file?.isHeard ? FILE_TRUST_MS : POLL_MS;
  }

  async #watch(reader: ReadableStreamDefaultReader<unknown>): Promise<void> {
    this.#reader = reader;
    try {
      while (!(await reader.read()).done) this.#rung.resolve();
    } catch {
      // The store is closed or unreachable. wait() then resolves when it is time to poll.
    }
  }
}

/** How often to poll if other processes' rings can't be heard. */
const POLL_MS = 50;
/** The least time between two rings of a file that are heard. */
const GATHER_MS = 5;
/** How often to poll beside a file bell, and beside a key, where each poll costs a request. */
const FILE_TRUST_MS = 500;
const KEY_TRUST_MS = 2_000;
