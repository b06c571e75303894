/**
 * The sentinels that know which Redis is the master.
 *
 * @module
 */

import type { RedisAddress, SentinelAddress } from "./redis_address.ts";
import type { RedisClients } from "./redis_client.ts";
import { RedisConnection } from "./redis_connection.ts";
import { Refusal } from "./redis_error.ts";

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
   * Asks where the master is: what most of the sentinels say, and where most of them can't be reached,
   * most of those that can.
   *
   * @throws {Refusal} If those that answer know no master of this name.
   */
  async find(): Promise<RedisAddress> {
    const count = this.#connections.length;
    const votes = new Map<string, number>();
    const reasons: unknown[] = [];
    await new Promise<void>((resolve) => {
      let left = count;
      for (const connection of this.#connections) {
        this.#ask(connection).then((address) => {
          const vote = (votes.get(address) ?? 0) + 1;
          votes.set(address, vote);
          // It need not wait for a machine that is gone.
          if (vote > count / 2) resolve();
        }, (reason) => reasons.push(reason)).finally(() => --left === 0 && resolve());
      }
    });
    const [first] = [...votes].sort(([, a], [, b]) => b - a);
    if (!first) throw reasons.find((reason) => reason instanceof Refusal) ?? reasons[0];
    const [host, port] = JSON.parse(first[0]);
    return { host, port: Number(port) };
  }

  /** Ends the connections. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #ask(connection: RedisConnection): Promise<string> {
    await connection.ready(ANSWER_MS);
    const args = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.#master];
    const reply = await connection.send(ANSWER_MS, args);
    if (Array.isArray(reply)) return JSON.stringify(reply.map(String));
    throw new Refusal(
      `Cannot open log: the sentinels know no master of the name ${JSON.stringify(this.#master)}`,
    );
  }
}

const ANSWER_MS = 1_000;
