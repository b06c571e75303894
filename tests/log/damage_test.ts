import { runDamages } from "./damage.ts";
import { damagedEngines } from "./damaged_places.ts";

const FIRST_SEED = 20_261_126;
/** Seeds that once failed, by engine. */
const FOUND: Record<string, readonly number[]> = {
  // Repeated losses, deleted entries, late answers, and losses that were reported and then lost again;
  // then entries deleted at the beginning of a store that had lost everything.
  list: [
    101_098,
    101_596,
    56,
    228,
    363,
    768,
    1_938,
    2_015,
    4_886,
    8_666,
    1_201,
    20_834,
    1_121,
    2_481,
  ],
  // Entries deleted right behind the last one trimmed.
  redis: [79, 551],
  // An epoch lost twice in a moment, and a total loss after another loss.
  kv: [140, 4_068],
};
/** How many seeds to run by engine; each engine takes a few seconds. */
const SCHEDULES: Record<string, number> = { list: 141, memory: 70, kv: 40, redis: 40 };

for (const { name, ignore, start } of damagedEngines) {
  const seeds = [
    ...FOUND[name] ?? [],
    ...Array.from({ length: SCHEDULES[name]! }, (_, i) => FIRST_SEED + i),
  ];
  Deno.test({
    name:
      `hubs with a log in ${name} lose nothing in silence, in ${seeds.length} damaged schedules`,
    ignore,
    async fn() {
      await using engine = await start();
      await runDamages(seeds, engine);
    },
  });
}
