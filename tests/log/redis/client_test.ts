import { assertEquals } from "@std/assert";
import {
  type RedisClient,
  RedisClients,
  type RedisOverrides,
} from "../../../lib/log/redis/client.ts";

Deno.test("RedisClients makes clients that set no timer for a command", () => {
  const made: unknown[] = [];
  const settings = {
    options: { commandOptions: { timeout: 5_000, asap: true } },
    duplicate: (overrides: RedisOverrides) => {
      made.push(overrides.commandOptions);
      return settings;
    },
  } as unknown as RedisClient;
  new RedisClients(settings).make({ host: "localhost", port: 1 });
  // The application's other settings stay.
  assertEquals(made, [{ timeout: undefined, asap: true }]);
});
