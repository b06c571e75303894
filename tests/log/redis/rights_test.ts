import { assert, assertEquals, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../../lib/hub/hub.ts";
import { openRedisLog } from "../../../lib/log/redis.ts";
import { Client, subscription } from "../../client.ts";
import { readManual } from "../../manual.ts";
import { lacks } from "../../program.ts";
import { ServerProcess } from "../../server/support.ts";
import { until } from "../../wait.ts";
import { redis } from "../places.ts";
import { RedisServer } from "../redis_server.ts";

const COMMANDS = ["get", "set", "time", "eval", "xadd", "xrange", "xread", "xtrim"];

/** Creates the Redis user of the manual with additional rules, and returns the URL with its login. */
async function setUser(server: RedisServer, ...rules: string[]): Promise<string> {
  const manual = await readManual();
  const [, line] = /\nredis-cli (ACL SETUSER .*)\n/.exec(manual)!;
  const words = line!.replaceAll("'", "").split(" ");
  await server.command(...words, ...rules);
  const password = words.find((word) => word.startsWith(">"))!.slice(1);
  return server.url.replace("//", `//${words[2]}:${password}@`);
}

Deno.test({
  name: "the Redis user of the manual may run every command that a hub needs, and no other",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const url = await setUser(server);
    const failures: unknown[] = [];
    const log = openRedisLog({ url, maxEntries: 2 });
    await using hub = new BroadcastHub({
      log,
      historyEvents: 1,
      onError: (error) => failures.push(error),
      onLogChange: (_, reason) => failures.push(reason),
    });
    await hub.ready;
    const ids: string[] = [];
    for (const data of ["1", "2", "3", "4"]) ids.push((await hub.publish("x", { data })).id);
    await until(async () => await server.command("XLEN", "sse-hub") === ":2\r\n");
    await using client = new Client(hub.subscribe(subscription("stream=x", ids[1])));
    assertEquals((await client.data(3)).slice(1), ["3", "4"]);
    assertEquals(failures, []);
    const missing = [];
    for (const command of COMMANDS) {
      await setUser(server, `-${command}`);
      await using other = new BroadcastHub({ log: openRedisLog({ url }) });
      const error = await assertRejects(() => other.ready, Error, "Cannot open log: Redis refuses");
      missing.push(/refuses ([A-Z]+) \(NOPERM/.exec(error.message)?.[1]?.toLowerCase());
      assert(
        error.message.includes("GET, SET, TIME, EVAL, XADD, XRANGE, XREVRANGE, XREAD and XTRIM"),
      );
    }
    assertEquals(missing, COMMANDS);
  },
});

Deno.test({
  name:
    "a hub refuses a Redis without EVAL or with other data under its keys, and names the reason",
  ignore: redis.ignore,
  async fn() {
    await using without = await RedisServer.start(false, ["--rename-command", "EVAL", ""]);
    await using other = await RedisServer.start();
    await other.command("SET", "sse-hub", "text");
    for (
      const [{ url }, message] of [[without, "EVAL (ERR unknown"], [other, "(WRONGTYPE"]] as const
    ) {
      await using hub = new BroadcastHub({ log: openRedisLog({ url }) });
      const { message: got } = await assertRejects(() => hub.ready, Error);
      assert(got.includes(message) && !got.includes("with args"), got);
    }
  },
});

Deno.test({
  name:
    "a hub whose Redis user loses a right goes on without trimming, and reports the failure once",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const url = await setUser(server);
    const failures: string[] = [];
    await using hub = new BroadcastHub({
      log: openRedisLog({ url, maxEntries: 2 }),
      onError: (error) => failures.push(`${error}`),
    });
    await hub.ready;
    await setUser(server, "-xtrim");
    for (const data of ["1", "2", "3"]) await hub.publish("x", { data });
    await until(() => failures.length > 0);
    await hub.publish("x", { data: "4" });
    assertEquals([hub.isLogUp, failures.length], [true, 1]);
    assert(failures[0]!.includes("can't run this command"), failures[0]);
    await setUser(server, "+xtrim");
    await until(async () => await server.command("XLEN", "sse-hub") === ":2\r\n");
    assertEquals(failures.length, 1);
  },
});

Deno.test({
  name: "the server exits if Redis refuses a command, and names the command",
  ignore: redis.ignore || await lacks("net", "run"),
  async fn() {
    await using redis = await RedisServer.start();
    const REDIS_URL = await setUser(redis, "-xtrim");
    const HOME = Deno.env.get("HOME") ?? "";
    await using server = new ServerProcess({ EVENT_LOG: "redis", REDIS_URL, HOME });
    assertEquals(await server.exitCode(), 1);
    const text = server.stderr.all.join("\n");
    assert(text.includes("Redis refuses XTRIM (NOPERM"), text);
    assert(!text.includes(new URL(REDIS_URL).password), text);
  },
});
