import type { Bench } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";

const FEW = 100;
const MANY = 9_000;

/** Whether a publish costs more with more streams. */
export const manyStreams: Scenario = {
  name: "many-streams",
  title: "5 000 events/s of 100 bytes to 100 streams in turn, then to 9 000, a subscriber each; " +
    "publishes",
  servers: ["hub", "controllers"],
  run: async (bench, server) => [
    await publishTo(bench, server, FEW),
    await publishTo(bench, server, MANY),
  ],
  targets: (find) => [{
    text: `CPU per publish, ${MANY} ÷ ${FEW} streams (1 is independent; 25 % is noise)`,
    value: find("hub", `${MANY}`).cpuUs! / find("hub", `${FEW}`).cpuUs!,
    relation: "≤",
    limit: 1.25,
  }],
};

async function publishTo(bench: Bench, server: ServerName, streams: number): Promise<Row> {
  await using pair = await bench.start(server);
  await pair.open(streams, { streams });
  const drive = { subscribers: streams, streams, perSecond: 5_000, perTurn: 10, catchUp: true };
  // Each stream gets an event before the measurement.
  await pair.warmUp({ ...drive, seconds: 3.6 });
  const { share: _, ...row } = await pair.drive({ ...drive, seconds: 4 });
  return { ...row, server, variant: `${streams}` };
}
