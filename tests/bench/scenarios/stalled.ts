import { broadcasters, type Row, type Scenario } from "../scenario.ts";
import type { Bench } from "../bench.ts";
import type { ServerName } from "../scenario.ts";

const CONNECTIONS = 50;
const RATE = { perSecond: 300, perTurn: 1, dataBytes: 8_192 };

/** One client that reads nothing must cost the others nothing. */
export const stalled: Scenario = {
  name: "stalled",
  title:
    "50 subscribers, 300 events/s of 8 kB, one of them not reading; our hub also with all reading; deliveries",
  servers: broadcasters,
  async run(bench, server) {
    const stalled = await runWith(bench, server, 1);
    return server === "hub" ? [await runWith(bench, server, 0), stalled] : [stalled];
  },
  targets: (find) => [
    { text: "lost", value: find("hub", "1 stalled").lost!, relation: "≤", limit: 0 },
    {
      text: "p99, with ÷ without the stalled one",
      value: find("hub", "1 stalled").p99Ms! / find("hub", "all read").p99Ms!,
      relation: "≤",
      limit: 2,
    },
    {
      text: "memory at the end, with − without the stalled one, MB",
      value: (find("hub", "1 stalled").rssBytes! - find("hub", "all read").rssBytes!) / 1e6,
      relation: "≤",
      limit: 10,
    },
  ],
};

/** Runs it with a number of clients that read nothing. */
export async function runWith(bench: Bench, server: ServerName, stalled: number): Promise<Row> {
  const { dataBytes } = RATE;
  await using pair = await bench.start(server);
  await pair.open(CONNECTIONS - stalled, { dataBytes });
  await pair.warmUp({ ...RATE, subscribers: CONNECTIONS - stalled, seconds: 3 });
  // The stalled client comes once the server is warm: from here on memory must not grow.
  if (stalled > 0) await pair.open(stalled, { dataBytes, stalled });
  const before = await pair.server.rssBytes();
  const { share: _, ...row } = await pair.drive({
    ...RATE,
    subscribers: CONNECTIONS - stalled,
    seconds: 4,
  });
  const growth = (row.rssBytes! - before) / 1e6;
  return {
    ...row,
    server,
    variant: stalled > 0 ? "1 stalled" : "all read",
    more: { "growth MB": growth },
  };
}
