import { assertEquals, assertRejects } from "@std/assert";
import { type RedisClient, RedisConnection } from "../../lib/log/redis_connection.ts";

Deno.test("RedisConnection connects anew when it is not answered in time", async () => {
  const clients: string[][] = [];
  const settings: RedisClient = {
    duplicate() {
      const calls: string[] = [];
      clients.push(calls);
      return {
        ...settings,
        connect: () => Promise.resolve(calls.push("connect")),
        // The first one's peer is gone without a word.
        sendCommand: ([name]) => {
          calls.push(name!);
          return calls === clients[0] ? new Promise(() => {}) : Promise.resolve("PONG");
        },
        destroy: () => calls.push("destroy"),
      };
    },
    connect: () => Promise.reject(new Error("the application's own")),
    sendCommand: () => Promise.reject(new Error("the application's own")),
    on: () => {},
    destroy: () => {},
  };
  const errors: string[] = [];
  const connection = new RedisConnection(settings, (error) => errors.push(`${error}`));
  await connection.connect();
  // Two that wait renew it once.
  const sent = [connection.send(10, ["PING"]), connection.send(10, ["PING"])];
  for (const answer of sent) await assertRejects(() => answer, Error, "within 10 ms");
  assertEquals(await connection.send(10, ["PING"]), "PONG");
  assertEquals(clients, [["connect", "PING", "PING", "destroy"], ["connect", "PING"]]);
  assertEquals(errors, ["Error: Redis did not answer within 10 ms"]);
  connection.close();
  assertEquals(clients[1]!.at(-1), "destroy");
});
