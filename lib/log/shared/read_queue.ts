/**
 * Runs a few reads at a time. Callers that wait for the same read share it, and a read that all its
 * callers have left is not run.
 *
 * @module
 */

/** A queue of reads, each with a result of type `T`. */
export class ReadQueue<T> {
  readonly #reading = new Map<string, Read<T>>();
  readonly #waiting = new Map<string, Read<T>>();

  /** The number of reads that wait for their turn. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Queues a read, or joins the callers that wait for the same read.
   *
   * @param key Identifies the read: callers with the same key get the same result.
   * @param read Performs the read. Called when its turn comes, unless all callers have left.
   * @param signal Aborted when the caller leaves.
   * @throws {DOMException} `QuotaExceededError` if too many reads are waiting, `AbortError` if all callers
   * left before the read's turn came.
   */
  run(key: string, read: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const known = this.#reading.get(key) ?? this.#waiting.get(key);
    if (known) {
      known.signals.push(signal);
      return known.promise;
    }
    if (this.#waiting.size >= MAX_WAITING) this.#dropAbandoned();
    if (this.#waiting.size >= MAX_WAITING) {
      const message = `Cannot read log: ${MAX_WAITING} reads are waiting already`;
      return Promise.reject(new DOMException(message, "QuotaExceededError"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.set(key, { key, read, signals: [signal], promise, resolve, reject });
    this.#start();
    return promise;
  }

  #start(): void {
    for (const read of this.#waiting.values()) {
      if (this.#reading.size >= MAX_READING) return;
      this.#waiting.delete(read.key);
      if (isAbandoned(read)) drop(read);
      else this.#read(read);
    }
  }

  async #read(read: Read<T>): Promise<void> {
    this.#reading.set(read.key, read);
    try {
      read.resolve(await read.read());
    } catch (error) {
      read.reject(error);
    } finally {
      this.#reading.delete(read.key);
      this.#start();
    }
  }

  #dropAbandoned(): void {
    for (const read of this.#waiting.values()) {
      if (!isAbandoned(read)) continue;
      this.#waiting.delete(read.key);
      drop(read);
    }
  }
}

interface Read<T> extends Waited {
  readonly promise: Promise<T>;
  readonly resolve: (result: T) => void;
  readonly key: string;
  readonly read: () => Promise<T>;
}

interface Waited {
  /** The signals of all callers; `undefined` for a caller that never leaves. */
  readonly signals: (AbortSignal | undefined)[];
  readonly reject: (error: unknown) => void;
}

// Publishes must get through between the reads.
const MAX_READING = 4;
const MAX_WAITING = 1_024;

function isAbandoned({ signals }: Waited): boolean {
  return signals.every((signal) => signal?.aborted);
}

function drop({ reject }: Waited): void {
  reject(new DOMException("Cannot read log: all callers have left", "AbortError"));
}
