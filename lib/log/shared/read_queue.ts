/**
 * Reads, a few at a time, each once for all who wait for it, and none that nobody waits for any more.
 *
 * @module
 */

/** A queue of reads that each give a `T`. */
export class ReadQueue<T> {
  readonly #reading = new Map<string, Read<T>>();
  readonly #waiting = new Map<string, Read<T>>();

  /** How many reads wait for their turn. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Has something read, or joins those who wait for it already.
   *
   * @param key What is read: whoever gives the same key gets the same result.
   * @param read Reads it. Called when its turn comes, unless everybody who waits for it has left.
   * @param signal Says that the caller has left.
   * @throws {DOMException} `QuotaExceededError` if too many reads wait, `AbortError` if the caller has
   * left before its turn came.
   */
  run(key: string, read: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const known = this.#reading.get(key) ?? this.#waiting.get(key);
    if (known) {
      known.signals.push(signal);
      return known.promise;
    }
    if (this.#waiting.size >= MAX_WAITING) this.#dropAbandoned();
    if (this.#waiting.size >= MAX_WAITING) {
      const message = `Cannot read log: ${MAX_WAITING} reads wait already`;
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
  /** Of those who wait; `undefined` for one who does not say when it leaves. */
  readonly signals: (AbortSignal | undefined)[];
  readonly reject: (error: unknown) => void;
}

// What is published must find its way in between.
const MAX_READING = 4;
const MAX_WAITING = 1_024;

function isAbandoned({ signals }: Waited): boolean {
  return signals.every((signal) => signal?.aborted);
}

function drop({ reject }: Waited): void {
  reject(new DOMException("Cannot read log: nobody waits for it", "AbortError"));
}
