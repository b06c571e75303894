import type { Row, Scenario } from "../scenario.ts";
import { highestRates } from "./burst.ts";

const FIRST_DELIVERIES = 50_000;
const SUBSCRIBERS = [100, 400, 1_600, 6_400];

/** The figures of the plot. */
export const subscribers: Scenario = {
  name: "subscribers",
  title: "as burst, from 50 000 deliveries/s on, for ever more subscribers; deliveries at the " +
    "highest rate of which 95 % arrives",
  servers: ["hub", "controllers", "nchan"],
  maxRuns: 1,
  async run(bench, server) {
    const rows: Row[] = [];
    for (const count of SUBSCRIBERS) {
      await using pair = await bench.start(server);
      const { kept } = await highestRates(pair, count, FIRST_DELIVERIES / count, bench.note);
      rows.push({ ...kept, server, variant: `${count}` });
    }
    return rows;
  },
};
