import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { openKvLog } from "../../lib/log/kv.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import type { EventLog } from "../../lib/log/event_log.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { until } from "../wait.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";

const NEWER = "a newer version has written it in format 2, and this version reads format 1";

/** Asserts that a running hub stops using a log in which `become()` stores a format. */
async function assertGivenUp(log: EventLog, become: (format: number) => Promise<unknown>) {
  const reasons: string[] = [];
  const onLogChange = (isUp: boolean, reason: unknown) => reasons.push(`${isUp} ${reason}`);
  await using hub = new BroadcastHub({ log, onLogChange });
  await hub.ready;
  await become(2);
  await until(() => !hub.isLogUp);
  assertStringIncludes(reasons[0]!, NEWER);
  await assertRejects(() => hub.publish("x", { data: "x" }), Error, "unreachable");
  await become(1);
  await until(() => hub.isLogUp);
}

async function assertRefused(log: EventLog): Promise<void> {
  await using hub = new BroadcastHub({ log });
  await assertRejects(() => hub.ready, Error, NEWER);
}

Deno.test({
  name: "openKvLog() refuses a log that a newer version has written, before it opens it and later",
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/hub.sqlite`;
    {
      await using hub = new BroadcastHub({ log: openKvLog({ path }) });
      await hub.ready;
    }
    const store = await Deno.openKv(path);
    assertEquals((await store.get(["sse-hub", "format"])).value, 1);
    await store.set(["sse-hub", "format"], 2);
    await assertRefused(openKvLog({ path }));
    await store.set(["sse-hub", "format"], 1);
    await assertGivenUp(openKvLog({ path }), (n) => store.set(["sse-hub", "format"], n));
    store.close();
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name:
    "openRedisLog() refuses a log that a newer version has written, before it opens it and later",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    {
      await using hub = new BroadcastHub({ log: openRedisLog({ url: server.url }) });
      await hub.ready;
    }
    assertEquals(await server.command("GET", "{sse-hub}:format"), "$1\r\n1\r\n");
    await server.command("SET", "{sse-hub}:format", "2");
    await assertRefused(openRedisLog({ url: server.url }));
    const become = (format: number) => server.command("SET", "{sse-hub}:format", format);
    await become(1);
    await assertGivenUp(openRedisLog({ url: server.url }), become);
  },
});

Deno.test({
  name: "a hub assigns growing ids even if the clock of its Redis is behind the newest entry",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await using hub = new BroadcastHub({ log: openRedisLog({ url: server.url }) });
    await hub.ready;
    const entry = JSON.stringify([Date.now(), ["x", { data: "ahead" }]]);
    await server.command("XADD", "sse-hub", `${Date.now() + 60_000}-5`, "entry", entry);
    await until(() => hub.stream("x") !== undefined);
    const { lastId } = hub.stream("x")!;
    // A new master without the entry, and with a clock that is behind.
    await server.command("DEL", "sse-hub");
    const { id } = await hub.publish("x", { data: "next" });
    assert(compareIds(lastId, id) < 0, `${lastId} ${id}`);
  },
});

Deno.test({
  name: "a hub that finds entries in Redis but no epoch uses the epoch of the entries",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) {
      await using hub = new BroadcastHub({ log: openRedisLog({ url: server.url }) });
      await hub.ready;
      ids.push((await hub.publish("x", { data: `${i}` })).id);
      assertEquals(hub.stream("x")!.events, i + 1);
      await server.command("DEL", "{sse-hub}:epoch");
    }
    assertEquals(new Set(ids.map((id) => id.split("-")[0])).size, 1);
  },
});
