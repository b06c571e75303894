import { openKvLog } from "../../lib/log/kv.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { runLogSchedules } from "./log_schedules.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";
import { pastTick, randomRetention } from "./trimmed_logs.ts";

const SCHEDULES = 300;

Deno.test({
  name:
    `a hub with a log in Deno KV gives every client every event once and in order, in ${SCHEDULES} schedules`,
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    await runLogSchedules(SCHEDULES, (seed) => ({
      open: () => openKvLog({ path: `${folder}/${seed}.sqlite`, ...randomRetention(seed) }),
      trim: pastTick(),
      trimsItself: true,
    }));
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name:
    `a hub with a log in Redis gives every client every event once and in order, in ${SCHEDULES} schedules`,
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await runLogSchedules(SCHEDULES, (seed) => {
      // Redis itself would drop entries beyond twice as many.
      const retention = { ...randomRetention(seed), maxEntries: 100_000 };
      return {
        open: () => openRedisLog({ url: server.url, key: `${seed}`, ...retention }),
        trim: pastTick(),
        trimsItself: true,
      };
    });
  },
});
