/**
 * How a KV log hears that there is a new entry: by a {@linkcode FileBell} from all processes that share
 * its file, else by a key that Deno KV watches, which on Deno Deploy is heard by all instances.
 *
 * @module
 */

import { FileBell } from "./file_bell.ts";

/** What a {@linkcode KvBell} is for. */
export interface KvBellOptions {
  readonly kv: Deno.Kv;
  /** The key that is watched where no file is. */
  readonly key: Deno.KvKey;
  /** The file that is watched, made if there is none; left out where the store is in no file. */
  readonly path?: string | undefined;
}

/** A bell that whoever writes an entry rings. */
export class KvBell {
  readonly #options: KvBellOptions;
  #file: FileBell | undefined;
  #reader: ReadableStreamDefaultReader<unknown> | undefined;
  #rung = Promise.withResolvers<void>();
  #hearing: ReturnType<typeof setTimeout> | undefined;
  #heardMs = -Infinity;
  #isClosed = false;

  /** Makes a bell that is not heard before it is open. */
  constructor(options: KvBellOptions) {
    this.#options = options;
  }

  /** Listens. */
  async open(): Promise<void> {
    const { kv, key, path } = this.#options;
    if (path !== undefined) this.#file = await FileBell.open(path, () => this.#hear());
    if (this.#isClosed) await this.#file?.close();
    else if (!this.#file) this.#watch(kv.watch([key]).getReader());
  }

  /** Has a commit ring the key, where that is what is heard. */
  addTo(commit: Deno.AtomicOperation): Deno.AtomicOperation {
    return this.#file ? commit : commit.set(this.#options.key, 0);
  }

  /** Rings it for an entry that has been committed. */
  ring(): void {
    this.#rung.resolve();
    this.#file?.ring();
  }

  /** Resolves when it has rung since the last time, or when it is time to look without it. */
  async wait(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#waitMs);
    });
    await Promise.race([late, this.#rung.promise]);
    clearTimeout(timer);
    if (!this.#isClosed) this.#rung = Promise.withResolvers();
  }

  /** Has `wait()` resolve, from now on at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rung.resolve();
    clearTimeout(this.#hearing);
    await this.#reader?.cancel();
    await this.#file?.close();
  }

  // At once, though what many write within moments is looked for together.
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
      // Closed, or unreachable; then wait() resolves when its time is up.
    }
  }
}

/** How long another process's entry may go unnoticed where no bell is heard across processes. */
const POLL_MS = 50;
/** How far apart a file's rings are heard at least. */
const GATHER_MS = 5;
/** How long a bell is trusted: a file's, and a key's, where looking costs a request. */
const FILE_TRUST_MS = 500;
const KEY_TRUST_MS = 2_000;
