/**
 * A reserve of space on the disk of a KV file. SQLite needs space to delete: without the reserve, old
 * entries could not be trimmed on a full disk.
 *
 * @module
 */

/**
 * A file of {@linkcode RESERVE_BYTES} that is emptied when the disk is full. The reserve is in one of
 * three states, which all processes recognise by the size of the file:
 *
 * - *kept*: the file has its full size. Entries are written freely.
 * - *given up*: the file is empty. Only as many entries may be written as were trimmed since: they reuse
 *   the trimmed entries' space inside the KV file, and the disk's last free bytes remain for trimming.
 *   When the disk has room again, the reserve is kept.
 * - *missing*: the disk never had room for the file. Entries are written freely, and a full disk may
 *   recover only when something else on it is deleted.
 */
export class DiskReserve {
  readonly #path: string;
  // How many entries may be written; `undefined` unless the reserve is given up.
  #room: number | undefined;
  #fullMs = -Infinity;
  #triedMs = -Infinity;

  /** Takes the path of the file, which nothing else may use. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Whether an entry may be written. */
  get hasRoom(): boolean {
    return this.#room === undefined || this.#room > 0;
  }

  /**
   * Whether writing may begin again. If more is written than trimmed, `hasRoom` alone would be true for a
   * moment after each trim.
   */
  get hasLastingRoom(): boolean {
    return this.hasRoom && performance.now() - this.#fullMs > FULL_MS;
  }

  /**
   * Reads the state, and creates the file if the disk has room. A failed attempt fills the disk for a
   * moment: a reserve that was given up is tried again once a minute, a missing one never.
   */
  async check(): Promise<void> {
    const size = await sizeOf(this.#path);
    if (size !== undefined && size >= RESERVE_BYTES) {
      this.#room = undefined;
      // If another process gives up the reserve next, that process needs the space first.
      this.#triedMs = performance.now();
      return;
    }
    if (size === 0) this.#setFull();
    if (performance.now() - this.#triedMs < (size === 0 ? RETRY_MS : Infinity)) return;
    this.#triedMs = performance.now();
    if (await this.#make()) this.#room = undefined;
  }

  /** Gives up the reserve, unless it is missing. */
  async giveUp(): Promise<void> {
    if (await sizeOf(this.#path) === undefined) return;
    this.#setFull();
    this.#triedMs = performance.now();
    await Deno.truncate(this.#path, 0);
  }

  /** Notes that any process has trimmed entries, or has written entries if the number is negative. */
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

  /** Creates the file, if the disk has room for twice its size. */
  async #make(): Promise<boolean> {
    // Under another name: an empty file would mean that the reserve is given up.
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
      // The disk has no room for the file, or another process has just created it.
      await Deno.remove(path).catch(() => {});
      return await sizeOf(this.#path) === RESERVE_BYTES;
    }
  }
}

/** The size of the reserve: twice what SQLite's write-ahead log takes. */
export const RESERVE_BYTES = 8_388_608;
const RETRY_MS = 60_000;
/** How long the disk counts as full at the least. */
const FULL_MS = 5_000;
const BLOCK_BYTES = 1_048_576;

/** Returns bytes that no file system can compress. */
function randomBlock(): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK_BYTES);
  // The most bytes that one call fills.
  for (let i = 0; i < BLOCK_BYTES; i += 65_536) {
    crypto.getRandomValues(block.subarray(i, i + 65_536));
  }
  return block;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await Deno.stat(path)).size;
  } catch {
    // Missing, or invisible to this process, which means the same here.
    return undefined;
  }
}
