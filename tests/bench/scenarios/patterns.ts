import type { Bench } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";

const RESUMES = 500;
const EVENTS = 100;
const NAME = "publish, 100 of one name";
const ALL = "publish, 100 of *";
const FOLDER = "publish, 100 of a/*";
const ONE = "resume, 100 events of one stream";
const MANY = "resume, 100 changed streams of *";

/** What patterns cost a hub with many streams, beside names. */
export const patterns: Scenario = {
  name: "patterns",
  title:
    "10 000 streams in one hub: a publish of 100 bytes in a turn of its own to 100 subscribers, and " +
    "a newcomer with since=1, both without sockets; 500 clients that resume with 100 events over HTTP; " +
    "times",
  servers: ["hub"],
  async run(bench, server) {
    return [
      ...await runWithoutSockets(bench, server),
      await resume(bench, server, { variant: ONE, ask: "serveOne", query: "stream=a/0" }),
      await resume(bench, server, { variant: MANY, ask: "serveMany", query: "stream=*" }),
    ];
  },
  targets(find) {
    const us = (variant: string) => find("hub", variant).more!["µs each"]!;
    return ([[ALL, NAME, 1.3], [FOLDER, NAME, 1.3], [MANY, ONE, 2]] as const).map((
      [variant, other, limit],
    ) => ({
      text: `µs, ${variant} ÷ ${other}`,
      value: us(variant) / us(other),
      relation: "≤" as const,
      limit,
    }));
  },
};

async function runWithoutSockets(bench: Bench, server: ServerName): Promise<Row[]> {
  await using hub = await bench.startFile("hub_patterns.ts", 0);
  const rows: Row[] = [];
  for (const variant of [NAME, ALL, FOLDER, "snapshot of 10 000 streams"]) {
    const { us } = await hub.ask("measure", { kind: variant });
    rows.push({ server, variant, more: { "µs each": us } });
  }
  return rows;
}

/** The server's CPU time for a client that resumes. */
async function resume(
  bench: Bench,
  server: ServerName,
  { variant, ask, query }: { variant: string; ask: string; query: string },
): Promise<Row> {
  await using hub = await bench.startFile("hub_patterns.ts", 0);
  await using load = await bench.startFile("load.ts", 1);
  const { port, id } = await hub.ask(ask);
  const headers = `Last-Event-ID: ${id}\r\n`;
  const open = { port, path: `/sse?${query}`, headers, connections: RESUMES };
  let us = NaN;
  for (let turn = 0; turn < 3; turn++) {
    await load.ask("reset");
    const before = await hub.cpuUs();
    await load.ask("open", open);
    await load.ask("expect", { events: RESUMES * EVENTS, withinMs: 20_000 });
    us = (await hub.cpuUs() - before) / RESUMES;
  }
  return { server, variant, more: { "µs each": us } };
}
