import { assertEquals, assertRejects } from "@std/assert";
import type { RedisClient } from "../../../lib/log/redis/client.ts";
import { RedisConnection } from "../../../lib/log/redis/connection.ts";

/** A client without a server, which records its calls. */
class SilentClient implements RedisClient {
  isOpen = true;
  readonly calls: string[] = [];
  readonly #answer: Promise<unknown>;
  #onError: (error: unknown) => void = () => {};

  /** Sets the promise that answers each command. */
  constructor(answer: Promise<unknown>) {
    this.#answer = answer;
  }

  duplicate = () => this;
  connect = () => Promise.resolve(this.calls.push("connect"));
  destroy = () => this.calls.push("destroy");
  on = (_: "error", onError: (error: unknown) => void) => this.#onError = onError;
  fail = (error: unknown) => this.#onError(error);
  sendCommand = ([name]: readonly string[]) => {
    this.calls.push(name!);
    return this.#answer;
  };
}

/** A connection over clients, one after the other, and the reasons passed to `onDown`. */
async function connect(...clients: SilentClient[]) {
  const reasons: string[] = [];
  const left = [...clients];
  const connection = new RedisConnection({
    makeClient: () => left.shift()!,
    connectMs: 1_000,
    onDown: (reason) => reasons.push((reason as Error).message),
  });
  connection.open();
  await connection.ready(1_000);
  return { connection, reasons };
}

const pong = () => new SilentClient(Promise.resolve("PONG"));

Deno.test("RedisConnection reconnects if an answer does not come in time", async () => {
  const clients = [new SilentClient(new Promise(() => {})), pong()];
  const { connection, reasons } = await connect(...clients);
  // Two late answers cause one reconnect.
  const sent = [connection.send(10, ["PING"]), connection.send(10, ["PING"])];
  for (const answer of sent) await assertRejects(() => answer, Error, "within 10 ms");
  await connection.ready(1_000);
  assertEquals(await connection.send(10, ["PING"]), "PONG");
  assertEquals(clients.map(({ calls }) => calls), [
    ["connect", "PING", "PING", "destroy"],
    ["connect", "PING"],
  ]);
  assertEquals(reasons, ["Redis did not answer within 10 ms"]);
  connection.close();
  assertEquals(clients[1]!.calls.at(-1), "destroy");
});

Deno.test("RedisConnection reconnects if its client gives up or fails, or when told to", async () => {
  const clients = [pong(), pong(), pong(), pong()];
  const { connection, reasons } = await connect(...clients);
  clients[0]!.isOpen = false;
  await assertRejects(() => connection.send(10, ["PING"]), Error, "is closed");
  await connection.ready(1_000);
  clients[1]!.fail(new Error("broken"));
  // While the connection is down, send() rejects with the reason.
  await assertRejects(() => connection.send(10, ["PING"]), Error, "broken");
  await connection.ready(1_000);
  connection.renew(new Error("told to"));
  clients[1]!.fail(new Error("of one that is gone"));
  await connection.ready(1_000);
  assertEquals(await connection.send(10, ["PING"]), "PONG");
  assertEquals(reasons, ["The connection to Redis is closed", "broken", "told to"]);
  assertEquals(clients.slice(0, 3).map(({ calls }) => calls.at(-1)), Array(3).fill("destroy"));
  connection.close();
});

Deno.test("RedisConnection tries again if connect() resolves although the connection broke", async () => {
  const first = pong();
  first.connect = () => {
    first.fail(new Error("broken"));
    return Promise.resolve(0);
  };
  const { connection, reasons } = await connect(first, pong());
  assertEquals(reasons, ["broken"]);
  connection.close();
});

Deno.test("RedisConnection abandons an attempt that began before it was told to reconnect", async () => {
  const [first, second] = [pong(), pong()];
  const connected = Promise.withResolvers<number>();
  first.connect = () => connected.promise;
  const left = [first, second];
  const connection = new RedisConnection({
    makeClient: () => left.shift()!,
    connectMs: 1_000,
    onDown: () => {},
  });
  connection.open();
  connection.renew(new Error("elsewhere"));
  connected.resolve(0);
  await connection.ready(1_000);
  await connection.send(10, ["PING"]);
  assertEquals([first.calls, second.calls], [["destroy"], ["connect", "PING"]]);
  connection.close();
});

Deno.test("RedisConnection can be closed in each state, and leaves nothing behind", async () => {
  const { connection } = await connect(pong());
  connection.close();
  await assertRejects(() => connection.send(10, ["PING"]), Error, "is closed");
  const waiting = new RedisConnection({
    makeClient: () => Promise.reject(new Error("nowhere")),
    connectMs: 1_000,
    onDown: () => {},
  });
  waiting.open();
  const ready = assertRejects(() => waiting.ready(Infinity), Error, "is closed");
  waiting.close();
  await ready;
});
