/**
 * The two connections of a log to its current Redis server.
 *
 * @module
 */

import { parseMoved, type RedisAddress, type SentinelAddress } from "./address.ts";
import type { RedisClients } from "./client.ts";
import { RedisConnection } from "./connection.ts";
import { belongsToConnection, messageOf } from "./error.ts";
import { RedisSentinels } from "./sentinels.ts";

/** Options of {@linkcode RedisLink}. */
export interface RedisLinkOptions {
  readonly clients: RedisClients;
  /** The sentinels to ask for the master's address. By default none. */
  readonly sentinels?: readonly SentinelAddress[];
  /** The name of the master in the sentinels' configuration. */
  readonly master?: string;
  /** Called each time that a connection is lost or an attempt to connect fails. */
  readonly onDown: (reason: unknown) => void;
}

/** Two connections to the same server: a blocking command on one does not hold up the other. */
export class RedisLink {
  readonly #clients: RedisClients;
  readonly #onDown: (reason: unknown) => void;
  readonly #sentinels: RedisSentinels | undefined;
  readonly #writer: RedisConnection;
  readonly #reader: RedisConnection;
  #refused = Promise.withResolvers<never>();
  // The master's address, according to the sentinels.
  #master: RedisAddress | undefined;
  // The node of the log, according to the `MOVED` error of a Redis Cluster.
  #moved: RedisAddress | undefined;
  #attempts = 0;
  #isOpen = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  #isWatching = false;
  #isExplaining = false;

  /** Begins to connect. */
  constructor({ clients, sentinels = [], master = "", onDown }: RedisLinkOptions) {
    this.#clients = clients;
    this.#onDown = onDown;
    if (sentinels.length > 0) this.#sentinels = new RedisSentinels(clients, sentinels, master);
    const options = {
      makeClient: () => this.#makeClient(),
      connectMs: clients.connectMs,
      onDown: (reason: unknown) => this.#down(reason),
    };
    this.#writer = new RedisConnection(options);
    this.#reader = new RedisConnection(options);
    this.#refused.promise.catch(() => {});
    for (const connection of [this.#writer, this.#reader]) connection.open();
    if (this.#sentinels) this.#watch = setInterval(() => this.#follow(), WATCH_MS);
  }

  /** Waits until both are connected for the first time; rejects if waiting would not help. */
  async open(): Promise<void> {
    for (const connection of [this.#writer, this.#reader]) {
      await Promise.race([connection.ready(Infinity), this.#refused.promise]);
    }
    this.#isOpen = true;
  }

  /** Waits at most `ms` milliseconds until commands can be sent. */
  ready(ms: number): Promise<void> {
    return this.#writer.ready(ms);
  }

  /** Sends a command; rejects at once while the connection is down. */
  send(ms: number, args: readonly string[]): Promise<unknown> {
    return this.#checked(this.#writer.send(ms, args));
  }

  /** Sends a command whose error is no reason to reconnect. */
  ask(ms: number, args: readonly string[]): Promise<unknown> {
    return this.#writer.send(ms, args);
  }

  /** Sends a blocking command, over the connection for such commands. */
  async sendBlocking(ms: number, args: readonly string[]): Promise<unknown> {
    await this.#reader.ready(ms);
    return await this.#checked(this.#reader.send(ms, args));
  }

  /** Closes the connections, and rejects all pending commands. */
  close(): void {
    clearInterval(this.#watch);
    this.#sentinels?.close();
    this.#writer.close();
    this.#reader.close();
  }

  async #checked(reply: Promise<unknown>): Promise<unknown> {
    try {
      return await reply;
    } catch (error) {
      if (!belongsToConnection(error)) throw error;
      const moved = parseMoved(messageOf(error));
      if (moved) {
        this.#moved = moved;
        this.#attempts = 0;
      }
      this.#renew(error);
      throw error;
    }
  }

  #renew(reason: unknown): void {
    this.#writer.renew(reason);
    this.#reader.renew(reason);
  }

  async #makeClient() {
    if (this.#sentinels) this.#master = await this.#sentinels.find();
    // The node that MOVED named may be gone by now; the node in the settings knows where the log is.
    const isSecond = this.#attempts++ % 4 > 1;
    return this.#clients.make(this.#master ?? (isSecond ? undefined : this.#moved));
  }

  #down(reason: unknown): void {
    // A MOVED error is not an outage.
    if (!parseMoved(messageOf(reason))) this.#onDown(reason);
    if (!this.#isOpen) this.#explain(reason);
  }

  async #explain(reason: unknown): Promise<void> {
    if (this.#isExplaining) return;
    this.#isExplaining = true;
    const refusal = await this.#clients.explain(reason, this.#master);
    if (refusal && !this.#isOpen) this.#refused.reject(refusal);
    this.#isExplaining = false;
  }

  /** Follows the master to its current address, even if the old master keeps the connections open. */
  async #follow(): Promise<void> {
    if (this.#isWatching || !this.#isOpen) return;
    this.#isWatching = true;
    try {
      const { host, port } = await this.#sentinels!.find();
      const old = this.#master;
      this.#master = { host, port };
      if (old && (old.host !== host || old.port !== port)) {
        this.#renew(new Error(`The sentinels name another master, ${host}:${port}`));
      }
    } catch {
      // Without an answer of the sentinels, the connections stay as they are.
    } finally {
      this.#isWatching = false;
    }
  }
}

/** How long Redis may take to answer a command, in milliseconds. */
export const TIMEOUT_MS = 5_000;
/** How often to ask the sentinels, in milliseconds. */
const WATCH_MS = 250;
