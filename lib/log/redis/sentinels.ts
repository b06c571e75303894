/**
 * The sentinels that know which Redis is the master.
 *
 * @module
 */

import type { RedisAddress, SentinelAddress } from "./address.ts";
import type { RedisClients } from "./client.ts";
import { RedisConnection } from "./connection.ts";
import { messageOf, Refusal } from "./error.ts";
import { mapOf } from "./reply.ts";

/** Asks sentinels over connections that it keeps. */
export class RedisSentinels {
  readonly #master: string;
  readonly #connections: readonly RedisConnection[];

  /** Connects to sentinels that watch a master of this name. */
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
   * Asks where the master is: what those say that know of the latest failover. It is enough that most
   * of them answer, so that it need not wait for a machine that is gone.
   *
   * @throws {Refusal} If those that answer know no master of this name.
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
      // The first names the new master as soon as there is one; the second says how new that is.
      const [address, state] = await Promise.all([ask("GET-MASTER-ADDR-BY-NAME"), ask("MASTER")]);
      const [host, port] = address as [string, string];
      return { host, port: Number(port), failovers: Number(mapOf(state).get("config-epoch")) };
    } catch (error) {
      if (!messageOf(error).includes("No such master")) throw error;
      throw new Refusal(
        `Cannot open log: the sentinels know no master of the name ${JSON.stringify(this.#master)}`,
      );
    }
  }
}

/** What one of them says. */
interface Master extends RedisAddress {
  /** The number of the failover that made it the master; it grows. */
  readonly failovers: number;
}

const ANSWER_MS = 1_000;
/** How long the last of them may take longer than most. */
const REST_MS = 50;
