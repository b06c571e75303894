import { assertEquals, assertRejects } from "@std/assert";
import type { RedisClient } from "../../../lib/log/redis/client.ts";
import { RedisConnection } from "../../../lib/log/redis/connection.ts";

/** A client of nothing, and what is asked of it. */
class SilentClient implements RedisClient {
  isOpen = true;
  readonly calls: string[] = [];
  readonly #answer: Promise<unknown>;
  #onError: (error: unknown) => void = () => {};

  /** Answers each command with a promise. */
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

/** A connection over clients, one after the other, and the reasons that it tells. */
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

Deno.test("RedisConnection connects anew when it is not answered in time", async () => {
  const clients = [new SilentClient(new Promise(() => {})), pong()];
  const { connection, reasons } = await connect(...clients);
  // Two that wait renew it once.
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

Deno.test("RedisConnection makes a client anew that has given up, fails or is told to", async () => {
  const clients = [pong(), pong(), pong(), pong()];
  const { connection, reasons } = await connect(...clients);
  clients[0]!.isOpen = false;
  await assertRejects(() => connection.send(10, ["PING"]), Error, "is closed");
  await connection.ready(1_000);
  clients[1]!.fail(new Error("broken"));
  // While there is none, it says why.
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

Deno.test("RedisConnection tries again where a client says that it connected and had failed", async () => {
  const first = pong();
  first.connect = () => {
    first.fail(new Error("broken"));
    return Promise.resolve(0);
  };
  const { connection, reasons } = await connect(first, pong());
  assertEquals(reasons, ["broken"]);
  connection.close();
});

Deno.test("RedisConnection gives up an attempt that was under way when it was told to connect anew", async () => {
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

Deno.test("RedisConnection ends in each state, and leaves nothing behind", async () => {
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
