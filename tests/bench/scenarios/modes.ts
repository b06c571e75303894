import type { Bench } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";

const SUBSCRIBERS = 500;
const LISTS = 1_000;
const PATH = "/sse?stream=s0";

/** What modes cost: one more audience, and as many as a stranger can make. */
export const modes: Scenario = {
  name: "modes",
  title: "100 events/s of 100 bytes, one at a time, and 4 000 events/s in turns of 40; 500 " +
    "subscribers, then half of them with label=stream; 1 000 subscribers, then each with an event= " +
    "list of its own; deliveries",
  servers: ["hub"],
  async run(bench, server) {
    const rows: Row[] = [];
    for (const pace of Object.keys(PACES) as Pace[]) {
      rows.push(await runWith(bench, server, pace, `${SUBSCRIBERS} plain`, [[SUBSCRIBERS, PATH]]));
      rows.push(
        await runWith(bench, server, pace, "half label=stream", [
          [SUBSCRIBERS / 2, PATH],
          [SUBSCRIBERS / 2, `${PATH}&label=stream`],
        ]),
      );
    }
    rows.push(await runWith(bench, server, "paced", `${LISTS} plain`, [[LISTS, PATH]]));
    const lists = `${PATH}&event=message&event=t{n}`;
    rows.push(await runWith(bench, server, "paced", `${LISTS} event= lists`, [[LISTS, lists]]));
    return rows;
  },
  targets(find) {
    const cpu = (pace: Pace, name: string) => find("hub", `${name}, ${pace}`).cpuUs!;
    return [
      ...(Object.keys(PACES) as Pace[]).map((pace) => ({
        text: `CPU per delivery, ${pace}, half label=stream ÷ plain`,
        value: cpu(pace, "half label=stream") / cpu(pace, `${SUBSCRIBERS} plain`),
        relation: "≤" as const,
        limit: 1.1,
      })),
      {
        text: "CPU per delivery, 1 000 event= lists ÷ plain",
        value: cpu("paced", `${LISTS} event= lists`) / cpu("paced", `${LISTS} plain`),
        relation: "≤",
        limit: 2,
      },
    ];
  },
};

const PACES = {
  paced: { perSecond: 100, perTurn: 1 },
  burst: { perSecond: 4_000, perTurn: 40, catchUp: true },
};
type Pace = keyof typeof PACES;

async function runWith(
  bench: Bench,
  server: ServerName,
  pace: Pace,
  name: string,
  groups: readonly (readonly [connections: number, path: string])[],
): Promise<Row> {
  await using pair = await bench.start(server);
  let subscribers = 0;
  for (const [connections, path] of groups) {
    await pair.open(connections, { path, streams: connections });
    subscribers += connections;
  }
  const drive = { ...PACES[pace], subscribers };
  await pair.warmUp({ ...drive, seconds: 1.5 });
  const { share: _, ...row } = await pair.drive({ ...drive, seconds: 4 });
  return { ...row, server, variant: `${name}, ${pace}` };
}
