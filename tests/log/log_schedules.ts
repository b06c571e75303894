/**
 * Random schedules of hubs whose logs have a store.
 *
 * @module
 */

import { runSchedule, type ScheduleLog } from "../property.ts";

const FIRST_SEED = 20_261_124;
const AT_A_TIME = 100;

/** Runs schedules, many at a time since most of them wait for their logs. An error names the seed. */
export async function runLogSchedules(
  schedules: number,
  logOf: (seed: number) => ScheduleLog,
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
  // The schedules' own pauses of 1 ms end before this timer.
  await new Promise((resolve) => setTimeout(resolve, 2));
}
