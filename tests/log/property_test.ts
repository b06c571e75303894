import { openKvLog } from "../../lib/log/kv.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { runSchedule, type ScheduleLog } from "../property.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";
import { pastTick, randomRetention, TrimmedList } from "./trimmed_logs.ts";

const FIRST_SEED = 20_261_124;
const SCHEDULES = 300;

Deno.test("a hub with a log of many small pages shows every client its order, in 1 000 schedules", async () => {
  await runSchedules((seed) => {
    // From one entry a page to all in one.
    return new TrimmedList(randomRetention(seed), 1 + 500 * (seed % 5));
  }, 1_000);
});

Deno.test({
  name: `a hub with a log in Deno KV shows every client its order, in ${SCHEDULES} schedules`,
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    await runSchedules((seed) => ({
      open: () => openKvLog({ path: `${folder}/${seed}.sqlite`, ...randomRetention(seed) }),
      trim: pastTick(),
      trimsItself: true,
    }));
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: `a hub with a log in Redis shows every client its order, in ${SCHEDULES} schedules`,
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await runSchedules((seed) => {
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

/** Runs many schedules at a time, as most of them wait for their logs. */
async function runSchedules(
  logOf: (seed: number) => ScheduleLog,
  schedules = SCHEDULES,
): Promise<void> {
  let seed = FIRST_SEED;
  const run = async () => {
    while (seed < FIRST_SEED + schedules) {
      const own = seed++;
      await runSchedule(own, logOf(own)).catch((cause) => {
        throw new Error(`Schedule ${own} failed`, { cause });
      });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, run));
  // The schedules' own pauses, of a millisecond, end before this one does.
  await new Promise((resolve) => setTimeout(resolve, 2));
}

const AT_A_TIME = 100;
