import type { Bench } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";

const DELIVERIES = 50_000;
const SUBSCRIBERS = [100, 500, 1_000, 2_000, 4_000, 8_000];

/** Whether a delivery costs more with more subscribers. */
export const growth: Scenario = {
  name: "growth",
  title:
    "50 000 deliveries/s of 100 bytes, one event at a time, to ever more subscribers; deliveries",
  servers: ["hub"],
  async run(bench, server) {
    const rows: Row[] = [];
    for (const subscribers of SUBSCRIBERS) rows.push(await deliverTo(bench, server, subscribers));
    return rows;
  },
  targets(find) {
    const costs = SUBSCRIBERS.map((subscribers) => find("hub", `${subscribers}`).cpuUs!);
    const middle = (Math.max(...costs) + Math.min(...costs)) / 2;
    return [{
      text: "CPU per delivery, the furthest from the middle, ±%",
      value: (Math.max(...costs) / middle - 1) * 100,
      relation: "≤",
      limit: 25,
    }];
  },
};

async function deliverTo(bench: Bench, server: ServerName, subscribers: number): Promise<Row> {
  await using pair = await bench.start(server);
  await pair.open(subscribers);
  const drive = { subscribers, perSecond: DELIVERIES / subscribers, perTurn: 1 };
  await pair.warmUp({ ...drive, seconds: 2 });
  const { share: _, ...row } = await pair.drive({ ...drive, seconds: 4 });
  return { ...row, server, variant: `${subscribers}` };
}
