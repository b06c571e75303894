import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { openKvLog } from "../../lib/log/kv.ts";
import type { EventLog } from "../../lib/log/event_log.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { Client, subscription } from "../client.ts";
import { until } from "../wait.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";

/** An engine, how many entries it has, and what deletes the oldest one behind the back of the hubs. */
interface Engine {
  open(maxEntries: number): EventLog;
  count(): Promise<number>;
  deleteOldest(): Promise<unknown>;
}

/** Has a hub trim 2 of 5 entries, deletes the third, and resumes with the id of the second on another hub. */
async function assertTold({ open, count, deleteOldest }: Engine): Promise<void> {
  const ids: string[] = [];
  {
    await using hub = new BroadcastHub({ log: open(3) });
    await hub.ready;
    for (const data of ["1", "2", "3", "4", "5"]) ids.push((await hub.publish("x", { data })).id);
    await until(async () => await count() === 3);
  }
  const seen: string[][] = [];
  for (let i = 0; i < 2; i++) {
    if (i === 1) await deleteOldest();
    await using hub = new BroadcastHub({ log: open(1_000), historyEvents: 1 });
    await hub.ready;
    await using client = new Client(hub.subscribe(subscription("stream=x", ids[1])));
    await client.next();
    const next = async () => (await client.next())!;
    seen.push([(await next()).data, (await next()).data, (await next()).data]);
  }
  assertEquals(seen, [["3", "4", "5"], ['{"streams":["x"]}', "4", "5"]]);
}

Deno.test({
  name: "a hub that starts on Deno KV tells of an entry that is missing right behind those trimmed",
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/hub.sqlite`;
    {
      using store = await Deno.openKv(path);
      const entries = () => Array.fromAsync(store.list({ prefix: ["sse-hub", "entries"] }));
      await assertTold({
        open: (maxEntries) => openKvLog({ path, maxEntries }),
        count: async () => (await entries()).length,
        deleteOldest: async () => await store.delete((await entries())[0]!.key),
      });
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "a hub that starts on Redis tells of an entry that is missing right behind those trimmed",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await assertTold({
      open: (maxEntries) => openRedisLog({ url: server.url, maxEntries }),
      count: async () => Number((await server.command("XLEN", "sse-hub")).slice(1)),
      deleteOldest: () => server.command("XTRIM", "sse-hub", "MAXLEN", "2"),
    });
  },
});
