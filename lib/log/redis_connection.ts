/**
 * A connection to Redis that answers in time, or is made anew.
 *
 * @module
 */

/** What the log needs of a client, as the packages `redis` and `@redis/client` have it from version 5 on. */
export interface RedisClient {
  /** Makes another client with the same settings, but for these. */
  duplicate(overrides: RedisOverrides): RedisClient;
  /** Connects, and from then on again whenever the connection is lost. */
  connect(): Promise<unknown>;
  /** Sends a command; rejects while there is no connection. */
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Has a listener called with each error of the connection. */
  on(event: "error", listener: (error: unknown) => void): unknown;
  /** Ends the connection, and rejects what waits. */
  destroy(): void;
}

/** What the log's own connections have of their own. */
export interface RedisOverrides {
  /** While there is no connection, a command is rejected at once. */
  readonly disableOfflineQueue: true;
}

/** A connection of its own, with the settings of a client. */
export class RedisConnection {
  readonly #settings: RedisClient;
  readonly #onError: (error: unknown) => void;
  #client: RedisClient;

  /** Takes the settings of a client, which it leaves alone. `onError` is told whenever it is lost. */
  constructor(settings: RedisClient, onError: (error: unknown) => void) {
    this.#settings = settings;
    this.#onError = onError;
    this.#client = this.#make();
  }

  /** Connects, however long that takes. */
  async connect(): Promise<void> {
    await this.#client.connect();
  }

  /** Sends a command, and waits `ms` milliseconds at the most for the answer. */
  async send(ms: number, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const error = new Error(`Redis did not answer within ${ms} ms`);
        reject(error);
        // It may be the connection alone that is dead, without either end being told.
        if (client === this.#client) this.#connectAnew(error);
      }, ms);
    });
    try {
      return await Promise.race([client.sendCommand(args), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it, and rejects what waits. */
  close(): void {
    try {
      this.#client.destroy();
    } catch {
      // It has never been open, or is closed already.
    }
  }

  #connectAnew(error: unknown): void {
    this.close();
    this.#client = this.#make();
    this.#onError(error);
    // Whatever goes wrong, its listener is told.
    this.#client.connect().catch(() => {});
  }

  #make(): RedisClient {
    const client = this.#settings.duplicate({ disableOfflineQueue: true });
    client.on("error", this.#onError);
    return client;
  }
}
