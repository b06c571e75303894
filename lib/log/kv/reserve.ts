/**
 * Space that is kept free on the disk of a KV file, so that old entries can be dropped when the disk is
 * full: SQLite needs space to delete.
 *
 * @module
 */

/**
 * A file of {@linkcode RESERVE_BYTES} that is given up when the disk is full. It is in one of three
 * states, which all processes see by its size:
 *
 * - *kept*: it has its full size. Entries are written freely.
 * - *given up*: it is empty. As many entries may be written as have been dropped since, into the space
 *   that those had inside the KV file: the last free bytes of the disk are for dropping more. When the
 *   disk has room again, it is kept.
 * - *missing*: the disk never had room for it. Entries are written freely, and a full disk may need
 *   room that somebody else makes.
 */
export class DiskReserve {
  readonly #path: string;
  // How many entries may be written; `undefined` unless it is given up.
  #room: number | undefined;
  #fullMs = -Infinity;
  #triedMs = -Infinity;

  /** Takes over a path, which nothing else may use. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Whether an entry may be written. */
  get hasRoom(): boolean {
    return this.#room === undefined || this.#room > 0;
  }

  /**
   * Whether writing may begin again: where more is written than dropped, there would otherwise be room
   * for a moment each time something is dropped.
   */
  get hasLastingRoom(): boolean {
    return this.hasRoom && performance.now() - this.#fullMs > FULL_MS;
  }

  /**
   * Looks at its state, and makes it if the disk has room. Where that fails, the disk is full for a
   * moment: it is tried again once a minute where it is given up, and not at all where it is missing.
   */
  async check(): Promise<void> {
    const size = await sizeOf(this.#path);
    if (size !== undefined && size >= RESERVE_BYTES) {
      this.#room = undefined;
      // If it is given up from now on, whoever did that needs the space first.
      this.#triedMs = performance.now();
      return;
    }
    if (size === 0) this.#setFull();
    if (performance.now() - this.#triedMs < (size === 0 ? RETRY_MS : Infinity)) return;
    this.#triedMs = performance.now();
    if (await this.#make()) this.#room = undefined;
  }

  /** Gives it up, if there is one. */
  async giveUp(): Promise<void> {
    if (await sizeOf(this.#path) === undefined) return;
    this.#setFull();
    this.#triedMs = performance.now();
    await Deno.truncate(this.#path, 0);
  }

  /** Notes that entries have been dropped, or written if negative, by whichever process. */
  note(dropped: number): void {
    if (this.#room === undefined) return;
    this.#room += dropped;
    if (this.#room <= 0) this.#fullMs = performance.now();
  }

  #setFull(): void {
    if (this.#room !== undefined) return;
    this.#room = 0;
    this.#fullMs = performance.now();
  }

  /** Makes it, unless the disk has not as much room again. */
  async #make(): Promise<boolean> {
    // Under another name, as a file that is still empty would mean that it is given up.
    const path = `${this.#path}-new`;
    try {
      {
        using file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
        const block = randomBlock();
        for (let bytes = 0; bytes < 2 * RESERVE_BYTES;) bytes += await file.write(block);
        await file.truncate(RESERVE_BYTES);
      }
      await Deno.rename(path, this.#path);
      return true;
    } catch {
      // The disk has no room for it, or another process has just made it.
      await Deno.remove(path).catch(() => {});
      return await sizeOf(this.#path) === RESERVE_BYTES;
    }
  }
}

/** How much is kept free: what SQLite's log of changes takes twice. */
export const RESERVE_BYTES = 8_388_608;
const RETRY_MS = 60_000;
/** How long it stays full at least. */
const FULL_MS = 5_000;
const BLOCK_BYTES = 1_048_576;

/** Bytes that no file system stores as less than they are. */
function randomBlock(): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK_BYTES);
  // As many as are given at once.
  for (let i = 0; i < BLOCK_BYTES; i += 65_536) {
    crypto.getRandomValues(block.subarray(i, i + 65_536));
  }
  return block;
}

/** What a publish is refused with while nothing may be written. */
export function diskFull(cause?: unknown): Error {
  const message =
    "Cannot append to log: its disk is full; events are accepted again when old entries " +
    "have been dropped or the disk has room";
  return new Error(message, { cause });
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    // Missing, or not to be seen: as if there were none.
    return undefined;
  }
}
