/**
 * The two connections of a log to the Redis that has it, wherever that is at the moment.
 *
 * @module
 */

import { parseMoved, type RedisAddress, type SentinelAddress } from "./address.ts";
import type { RedisClients } from "./client.ts";
import { RedisConnection } from "./connection.ts";
import { belongsToConnection, messageOf } from "./error.ts";
import { RedisSentinels } from "./sentinels.ts";

/** What a {@linkcode RedisLink} is made with. */
export interface RedisLinkOptions {
  readonly clients: RedisClients;
  /** The sentinels to ask for the master, if there are any. */
  readonly sentinels?: readonly SentinelAddress[];
  /** The name of the master, as the sentinels know it. */
  readonly master?: string;
  /** Is told each time that a connection is lost or can't be made. */
  readonly onDown: (reason: unknown) => void;
}

/** Two connections that lead to the same server: one that commands wait on would hold up the others. */
export class RedisLink {
  readonly #clients: RedisClients;
  readonly #onDown: (reason: unknown) => void;
  readonly #sentinels: RedisSentinels | undefined;
  readonly #writer: RedisConnection;
  readonly #reader: RedisConnection;
  #refused = Promise.withResolvers<never>();
  // Where the master is by what the sentinels say.
  #master: RedisAddress | undefined;
  // Where another node of a Redis Cluster said that the log is.
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

  /** Waits until both are connected for the first time; rejects with what waiting can't mend. */
  async open(): Promise<void> {
    for (const connection of [this.#writer, this.#reader]) {
      await Promise.race([connection.ready(Infinity), this.#refused.promise]);
    }
    this.#isOpen = true;
  }

  /** Waits until commands can be sent again, for `ms` milliseconds at the most. */
  ready(ms: number): Promise<void> {
    return this.#writer.ready(ms);
  }

  /** Sends a command; rejects at once while there is no connection. */
  send(ms: number, args: readonly string[]): Promise<unknown> {
    return this.#checked(this.#writer.send(ms, args));
  }

  /** Sends a command whose answer says nothing of the connection, whatever it is. */
  ask(ms: number, args: readonly string[]): Promise<unknown> {
    return this.#writer.send(ms, args);
  }

  /** Sends a command that may wait at the server, so long that none is sent behind it. */
  async sendBlocking(ms: number, args: readonly string[]): Promise<unknown> {
    await this.#reader.ready(ms);
    return await this.#checked(this.#reader.send(ms, args));
  }

  /** Ends the connections, and rejects what waits. */
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
    // The node that had the log may be gone; the address of the settings leads to one that knows more.
    const isSecond = this.#attempts++ % 4 > 1;
    return this.#clients.make(this.#master ?? (isSecond ? undefined : this.#moved));
  }

  #down(reason: unknown): void {
    // To be sent elsewhere is no outage.
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

  /** Goes where the master is, also when the old one keeps its connections. */
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
      // While the connections are there, nobody need know where they lead.
    } finally {
      this.#isWatching = false;
    }
  }
}

/** How long a command may take to be answered, in milliseconds. */
export const TIMEOUT_MS = 5_000;
/** How often the sentinels are asked. */
const WATCH_MS = 250;
