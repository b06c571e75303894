import { openKvLog } from "../../lib/log/kv.ts";
import type { EventLog } from "../../lib/log/log.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { runSchedule } from "../property.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";

const FIRST_SEED = 20_261_124;
const SCHEDULES = 150;

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

async function runSchedules(openLog: (seed: number) => EventLog): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
    await runSchedule(seed, () => openLog(seed)).catch((cause) => {
      throw new Error(`Schedule ${seed} failed`, { cause });
    });
  }
}
