import { openKvLog } from "../../lib/log/kv.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { openSqliteLog } from "../../lib/log/sqlite.ts";
import { runLogSchedules } from "./log_schedules.ts";
import { kv, redis, sqlite } from "./places.ts";
import { RedisServer } from "./redis_server.ts";
import { pastTick, randomRetention } from "./trimmed_logs.ts";

const SCHEDULES = 500;

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
    `a hub with a log in SQLite gives every client every event once and in order, in ${SCHEDULES} schedules`,
  ignore: sqlite.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    await runLogSchedules(SCHEDULES, (seed) => ({
      open: () => openSqliteLog({ path: `${folder}/${seed}.db`, ...randomRetention(seed) }),
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
    // By default Redis trims whole nodes of 100 entries, more than a schedule has.
    await using server = await RedisServer.start(false, ["--stream-node-max-entries", "1"]);
    await runLogSchedules(SCHEDULES, (seed) => {
      const retention = randomRetention(seed);
      return {
        open: () => openRedisLog({ url: server.url, key: `${seed}`, ...retention }),
        trim: pastTick(),
        trimsItself: true,
      };
    });
  },
});
