/**
 * A connection to Redis that answers in time, or is made anew.
 *
 * @module
 */

import { destroy, type RedisClient } from "./client.ts";

/** What a {@linkcode RedisConnection} is made with. */
export interface RedisConnectionOptions {
  /** Makes the client of each attempt; what it rejects with is why the attempt failed. */
  readonly makeClient: () => RedisClient | Promise<RedisClient>;
  /** How long an attempt may take, in milliseconds. */
  readonly connectMs: number;
  /** Is told each time that the connection is lost or can't be made. */
  readonly onDown: (reason: unknown) => void;
}

/** One connection, from {@linkcode RedisConnection.open} until it is closed. */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  readonly #closing = new AbortController();
  /** Is there while it is connected. */
  #client: RedisClient | undefined;
  #connecting: Promise<void> | undefined;
  #reason: unknown = new Error("Cannot reach Redis: the connection is being made");
  // Since the last answer.
  #failures = 0;
  // An attempt from before the last renewal may lead to where nobody should be any more.
  #renewals = 0;

  /** Makes none yet. */
  constructor(options: RedisConnectionOptions) {
    this.#options = options;
  }

  /** Begins to connect, however often that takes. */
  open(): void {
    this.#connecting ??= this.#connect();
  }

  /** Waits until it is connected, for `ms` milliseconds at the most; rejects with why it is not. */
  async ready(ms: number): Promise<void> {
    if (this.#client) return;
    const isLate = await before(ms, this.#connecting, this.#closing.signal) === LATE;
    if (isLate || !this.#client) throw this.#reason;
  }

  /**
   * Sends a command, and waits `ms` milliseconds at the most for the answer. Rejects at once while it is
   * not connected.
   */
  async send(ms: number, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (!client) throw this.#reason;
    if (client.isOpen === false) {
      // It has been closed by other hands, or has given up.
      this.#lose(client, new Error("The connection to Redis is closed"));
      throw this.#reason;
    }
    const reply = await before(ms, client.sendCommand(args)).catch((error) => {
      // Where the connection is gone, why that is says more than that the command was given up.
      throw client === this.#client ? error : this.#reason;
    });
    if (reply !== LATE) {
      this.#failures = 0;
      return reply;
    }
    const error = new Error(`Redis did not answer within ${ms} ms`);
    // It may be the connection alone that is dead, without either end being told.
    this.#lose(client, error);
    throw error;
  }

  /** Closes what it has and connects anew: another connection may lead elsewhere. */
  renew(reason: unknown): void {
    this.#renewals++;
    if (this.#client) this.#lose(this.#client, reason);
  }

  /** Ends it, and rejects what waits. */
  close(): void {
    this.#reason = new Error("The connection to Redis is closed");
    this.#closing.abort();
    if (this.#client) destroy(this.#client);
    this.#client = undefined;
  }

  #lose(client: RedisClient, reason: unknown): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#reason = reason;
    destroy(client);
    this.#options.onDown(reason);
    this.#connecting = this.#connect();
  }

  async #connect(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      if (this.#failures > 0) await before(backoffMs(this.#failures), undefined, signal);
      this.#failures++;
      const renewals = this.#renewals;
      try {
        const client = await this.#attempt();
        if (renewals === this.#renewals) {
          this.#client = client;
          return;
        }
        destroy(client);
      } catch (error) {
        if (signal.aborted) return;
        this.#reason = error;
        this.#options.onDown(error);
      }
    }
  }

  async #attempt(): Promise<RedisClient> {
    const { makeClient, connectMs } = this.#options;
    const { signal } = this.#closing;
    const client = await makeClient();
    const errors: unknown[] = [];
    client.on("error", (error) => {
      errors.push(error);
      this.#lose(client, error);
    });
    try {
      const result = await before(connectMs, client.connect(), signal);
      if (result === LATE) throw new Error(`Redis did not answer within ${connectMs} ms`);
      // Some clients say that they are connected when the connection broke while they logged in.
      if (errors.length > 0 || signal.aborted) throw new Error("The connection to Redis is closed");
      return client;
    } catch (error) {
      destroy(client);
      throw errors[0] ?? error;
    }
  }
}

const MAX_BACKOFF_MS = 500;
const LAST_MS = 50;
const LATE = Symbol("late");

/** How long to wait before the next attempt: longer each time, and never for all hubs alike. */
function backoffMs(failures: number): number {
  return Math.min(25 * 2 ** failures, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
}

/** Waits for a promise until it is late, or until a signal. */
async function before<T>(
  ms: number,
  promise?: Promise<T>,
  signal?: AbortSignal,
): Promise<T | typeof LATE> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  const onAbort = () => resolve(LATE);
  // A process that was suspended finds timers that are over and answers that it has yet to read.
  const lastMs = Math.min(ms, LAST_MS);
  const onLast = () => timer = setTimeout(onAbort, lastMs);
  let timer = ms < Infinity ? setTimeout(onLast, ms - lastMs) : undefined;
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted) onAbort();
  try {
    return await (promise ? Promise.race([promise, late]) : late);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
