/**
 * A connection to Redis that reconnects when an answer takes too long.
 *
 * @module
 */

import { destroy, type RedisClient } from "./client.ts";

/** Options of {@linkcode RedisConnection}. */
export interface RedisConnectionOptions {
  /** Makes the client for an attempt to connect. If the promise rejects, the attempt has failed. */
  readonly makeClient: () => RedisClient | Promise<RedisClient>;
  /** How long an attempt to connect may take, in milliseconds. */
  readonly connectMs: number;
  /** Called each time that the connection is lost or an attempt to connect fails. */
  readonly onDown: (reason: unknown) => void;
}

/** One connection, from {@linkcode RedisConnection.open} to {@linkcode RedisConnection.close}. */
export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  readonly #closing = new AbortController();
  // Set while the connection is up.
  #client: RedisClient | undefined;
  #connecting: Promise<void> | undefined;
  #reason: unknown = new Error("Cannot reach Redis: the connection is not open yet");
  // Failed attempts since the last answer.
  #failures = 0;
  // An attempt that began before the last renewal may lead to the wrong server.
  #renewals = 0;

  /** Takes the options; does not connect yet. */
  constructor(options: RedisConnectionOptions) {
    this.#options = options;
  }

  /** Begins to connect, with as many attempts as needed. */
  open(): void {
    this.#connecting ??= this.#connect();
  }

  /** Waits at most `ms` milliseconds for the connection; rejects with the last reason why it is down. */
  async ready(ms: number): Promise<void> {
    if (this.#client) return;
    const isLate = await before(ms, this.#connecting, this.#closing.signal) === LATE;
    if (isLate || !this.#client) throw this.#reason;
  }

  /**
   * Sends a command, and waits at most `ms` milliseconds for the answer. Rejects at once while the
   * connection is down.
   */
  async send(ms: number, args: readonly string[]): Promise<unknown> {
    const client = this.#client;
    if (!client) throw this.#reason;
    if (client.isOpen === false) {
      // Somebody else has closed the client, or the client has given up.
      this.#lose(client, new Error("The connection to Redis is closed"));
      throw this.#reason;
    }
    const reply = await before(ms, client.sendCommand(args)).catch((error) => {
      // If the connection is lost, the reason for the loss says more than the command's own error.
      throw client === this.#client ? error : this.#reason;
    });
    if (reply !== LATE) {
      this.#failures = 0;
      return reply;
    }
    const error = new Error(`Redis did not answer within ${ms} ms`);
    // The connection may be dead without either end having noticed.
    this.#lose(client, error);
    throw error;
  }

  /** Closes the connection and reconnects, possibly to another server. */
  renew(reason: unknown): void {
    this.#renewals++;
    if (this.#client) this.#lose(this.#client, reason);
  }

  /** Closes the connection, and rejects all pending calls. */
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
      // Some clients resolve connect() although the connection broke during the login.
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

/** Returns how long to wait before the next attempt: longer each time, and random, so that hubs spread. */
function backoffMs(failures: number): number {
  return Math.min(25 * 2 ** failures, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2);
}

/** Waits for a promise; resolves with `LATE` after `ms` milliseconds or when the signal aborts. */
async function before<T>(
  ms: number,
  promise?: Promise<T>,
  signal?: AbortSignal,
): Promise<T | typeof LATE> {
  const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
  const onAbort = () => resolve(LATE);
  // After a suspension, the timer is due before waiting answers are read: a second timer lets them in.
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
