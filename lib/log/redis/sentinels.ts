/**
 * Sentinels, which know the address of the current master.
 *
 * @module
 */

import type { RedisAddress, SentinelAddress } from "./address.ts";
import type { RedisClients } from "./client.ts";
import { RedisConnection } from "./connection.ts";
import { messageOf, Refusal } from "./error.ts";
import { mapOf } from "./reply.ts";

/** Asks sentinels for the master, over connections that stay open. */
export class RedisSentinels {
  readonly #master: string;
  readonly #connections: readonly RedisConnection[];

  /** Connects to sentinels that watch a master with a name. */
  constructor(clients: RedisClients, sentinels: readonly SentinelAddress[], master: string) {
    this.#master = master;
    this.#connections = sentinels.map((sentinel) =>
      new RedisConnection({
        makeClient: () => clients.makeSentinel(sentinel),
        connectMs: clients.connectMs,
        onDown: () => {},
      })
    );
    for (const connection of this.#connections) connection.open();
  }

  /**
   * Asks the sentinels for the address of the master. The sentinel that knows of the latest failover
   * decides. Once a majority has answered, the others have 50 milliseconds left, so a dead machine does
   * not delay the result.
   *
   * @throws {Refusal} If a sentinel answers that it knows no master with this name, and none knows one.
   */
  async find(): Promise<RedisAddress> {
    const count = this.#connections.length;
    const found: Master[] = [];
    const reasons: unknown[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      for (const connection of this.#connections) {
        this.#ask(connection).then((master) => found.push(master), (reason) => reasons.push(reason))
          .then(() => {
            if (found.length + reasons.length === count) resolve();
            else if (found.length > count / 2) timer ??= setTimeout(resolve, REST_MS);
          });
      }
    });
    clearTimeout(timer);
    found.sort((a, b) => b.failovers - a.failovers);
    if (found[0]) return found[0];
    throw reasons.find((reason) => reason instanceof Refusal) ?? reasons[0];
  }

  /** Ends the connections. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #ask(connection: RedisConnection): Promise<Master> {
    await connection.ready(ANSWER_MS);
    const ask = (command: string) =>
      connection.send(ANSWER_MS, ["SENTINEL", command, this.#master]);
    try {
      // The first reply names a new master earlier; the second has the number of the failover.
      const [address, state] = await Promise.all([ask("GET-MASTER-ADDR-BY-NAME"), ask("MASTER")]);
      const [host, port] = address as [string, string];
      return { host, port: Number(port), failovers: Number(mapOf(state).get("config-epoch")) };
    } catch (error) {
      if (!messageOf(error).includes("No such master")) throw error;
      throw new Refusal(
        `Cannot open log: the sentinels know no master named ${JSON.stringify(this.#master)}`,
      );
    }
  }
}

/** The master, according to one sentinel. */
interface Master extends RedisAddress {
  /** The number of the failover that made this server the master; it only grows. */
  readonly failovers: number;
}

const ANSWER_MS = 1_000;
/** How long to wait for the other sentinels after a majority has answered, in milliseconds. */
const REST_MS = 50;
