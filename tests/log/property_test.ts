import type { StoredEntry } from "../../lib/log/entries.ts";
import { openKvLog } from "../../lib/log/kv.ts";
import type { EventLog } from "../../lib/log/log.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { SharedLog } from "../../lib/log/shared.ts";
import { runSchedule } from "../property.ts";
import { ListStore } from "./list_store.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";

const FIRST_SEED = 20_261_124;
const SCHEDULES = 150;

Deno.test("a hub with a log of many small pages shows every client its order, in 500 schedules", async () => {
  const places = new Map<number, StoredEntry[]>();
  await runSchedules((seed) => {
    const entries = places.get(seed) ?? [];
    places.set(seed, entries);
    // From one entry a page to all in one.
    return new SharedLog(new ListStore(entries), {}, 1 + 500 * (seed % 5));
  }, 500);
  // The schedules' own pauses, of a millisecond, end before this one does.
  await new Promise((resolve) => setTimeout(resolve, 2));
});

Deno.test({
  name: `a hub with a log in Deno KV shows every client its order, in ${SCHEDULES} schedules`,
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    await runSchedules((seed) => openKvLog({ path: `${folder}/hub.sqlite`, prefix: [seed] }));
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: `a hub with a log in Redis shows every client its order, in ${SCHEDULES} schedules`,
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await runSchedules((seed) => openRedisLog({ url: server.url, key: `${seed}` }));
  },
});

async function runSchedules(
  openLog: (seed: number) => EventLog,
  schedules = SCHEDULES,
): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + schedules; seed++) {
    await runSchedule(seed, () => openLog(seed)).catch((cause) => {
      throw new Error(`Schedule ${seed} failed`, { cause });
    });
  }
}
