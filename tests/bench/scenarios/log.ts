import { type Bench, Pair } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";

const FEW = { subscribers: 50, perSecond: 100, perTurn: 1 };
const MANY = { subscribers: 500, perSecond: 100, perTurn: 1 };
const BURST = { subscribers: 500, perSecond: 4_000, perTurn: 40, catchUp: true };
const logs = ["memory", "kv", "sqlite", "redis"];

/** The cost of a log that outlives the process, from publishing to delivery. */
export const log: Scenario = {
  name: "log",
  title:
    "our hub with each log: 100 events/s of 100 bytes to 50 subscribers, on one instance and from one " +
    "to another; to 500; 4 000/s in bursts to 500; deliveries",
  servers: ["hub"],
  async run(bench, server) {
    await using redis = await bench.startFile("servers/redis.ts", 1);
    const rows: Row[] = [];
    for (const name of logs) {
      const env = { BENCH_LOG: name, BENCH_LOG_AT: placeOf(name, redis.first["url"]) };
      rows.push(await drive(bench, server, env, FEW, `${name}, one instance`));
      if (name !== "memory") rows.push(await driveAcross(bench, env, `${name}, across two`));
      rows.push(await drive(bench, server, env, MANY, `${name}, to 500`));
      rows.push(await drive(bench, server, env, BURST, `${name}, bursts to 500`));
    }
    return rows;
  },
  targets: (find) => [
    ...[
      { of: "kv, one instance", limit: 5 },
      { of: "redis, one instance", limit: 3 },
      { of: "redis, across two", limit: 5 },
    ].map(({ of, limit }) => ({
      text: `${of}: publish to delivery, p50 ms`,
      value: find("hub", of).p50Ms!,
      relation: "≤" as const,
      limit,
    })),
    ...["to 500", "bursts to 500"].map((of) => ({
      text: `${of}: CPU per delivery, redis ÷ memory`,
      value: find("hub", `redis, ${of}`).cpuUs! / find("hub", `memory, ${of}`).cpuUs!,
      relation: "≤" as const,
      limit: 1.1,
    })),
    {
      text: "bursts to 500: deliveries/s, redis ÷ memory",
      value: find("hub", "redis, bursts to 500").perSecond! /
        find("hub", "memory, bursts to 500").perSecond!,
      relation: "≥",
      limit: 0.9,
    },
  ],
};

/** Where a log is: the Redis, or a new file. */
export function placeOf(name: string, redisUrl = ""): string {
  return name === "redis" ? redisUrl : `/tmp/sse-hub-bench-${crypto.randomUUID()}.sqlite`;
}

async function drive(
  bench: Bench,
  server: ServerName,
  env: Record<string, string>,
  rate: typeof FEW,
  variant: string,
): Promise<Row> {
  await using pair = await bench.start(server, env);
  return await measure(pair, rate, variant);
}

/** Publishes with one hub, and measures the subscribers of another one. */
async function driveAcross(
  bench: Bench,
  env: Record<string, string>,
  variant: string,
): Promise<Row> {
  await using receiving = await bench.start("hub", env);
  await using publishing = await bench.startServer("hub", env);
  await receiving.open(FEW.subscribers);
  return await measure(new Pair(publishing, receiving.load), FEW, variant, false);
}

async function measure(pair: Pair, rate: typeof FEW, variant: string, opens = true): Promise<Row> {
  if (opens) await pair.open(rate.subscribers);
  await pair.warmUp({ ...rate, seconds: 1.5 });
  const { share: _, ...row } = await pair.drive({ ...rate, seconds: 4 });
  return { ...row, server: "hub", variant };
}
