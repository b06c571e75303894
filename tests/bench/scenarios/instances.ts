import { type Bench, Pair, settle } from "../bench.ts";
import { BenchProcess } from "../process.ts";
import type { Row, Scenario } from "../scenario.ts";

const STREAMS = 100;
const SUBSCRIBERS = 50;
const BATCHED = { name: "batched", perTurn: 400, turnMs: 10, events: 320_000 };
const ALONE = { name: "alone", perTurn: 1, turnMs: 4, events: 1_000 };

/** What an instance does, from the first one on; the last of four does what the third one does. */
const ROLES = ["publishing", "subscribed", "idle"];

/** What an instance pays for events that others publish. */
export const instances: Scenario = {
  name: "instances",
  title:
    "1, 2 and 4 instances that share a log: one publishes to 100 streams, one has 50 subscribers of one " +
    "of them, the others have none; 40 000 events/s of 100 bytes, 400 a turn, then 250/s, one a turn; " +
    "events of the hub",
  servers: ["hub"],
  async run(bench) {
    await using redis = await bench.startFile("servers/redis.ts", 1);
    const rows: Row[] = [];
    for (const log of ["redis", "kv"]) {
      for (const count of [1, 2, 4]) {
        const at = log === "redis"
          ? redis.first["url"]
          : `/tmp/sse-hub-bench-${crypto.randomUUID()}.sqlite`;
        rows.push(...await run(bench, { BENCH_LOG: log, BENCH_LOG_AT: at }, count));
      }
    }
    return rows;
  },
  targets: (find) => [{
    text: "redis, batched, 4: CPU µs an event of an idle instance",
    value: find("hub", "redis, batched, 4: idle").cpuUs!,
    relation: "≤",
    limit: 1.5,
  }],
};

async function run(bench: Bench, env: Record<string, string>, count: number): Promise<Row[]> {
  await using hubs = new AsyncDisposableStack();
  const start = async () => hubs.use(await bench.startServer("hub", env));
  const publishing = await start();
  const others: BenchProcess[] = [];
  while (others.length < count - 1) others.push(await start());
  const [subscribed] = others;
  if (subscribed) {
    const load = new URL("../load.ts", import.meta.url);
    await new Pair(subscribed, hubs.use(await BenchProcess.start(load, { core: 1 }))).open(
      SUBSCRIBERS,
    );
  }
  const rows: Row[] = [];
  for (const { name, ...pace } of [BATCHED, ALONE]) {
    const all = [publishing, ...others];
    await publish(all, { ...pace, events: pace.events / 10 });
    const { cpuUs, perSecond } = await publish(all, pace);
    for (const [i, role] of ROLES.slice(0, count).entries()) {
      const variant = `${env["BENCH_LOG"]}, ${name}, ${count}: ${role}`;
      rows.push({ server: "hub", variant, perSecond, cpuUs: cpuUs[i]! });
    }
  }
  return rows;
}

/** Publishes with the first of some hubs, until all have everything; the CPU time of each for an event. */
async function publish(
  hubs: readonly BenchProcess[],
  pace: { readonly perTurn: number; readonly turnMs: number; readonly events: number },
): Promise<{ readonly cpuUs: number[]; readonly perSecond: number }> {
  const published = async () =>
    (await Promise.all(hubs.map((hub) => hub.ask("stats"))))
      .map((stats) => stats["published"] as number);
  const cpu = () => Promise.all(hubs.map((hub) => hub.cpuUs()));
  const [before, usedUs] = [await published(), await cpu()];
  const startMs = performance.now();
  const asked = { ...pace, streams: STREAMS, dataBytes: 100 };
  const { published: events } = await hubs[0]!.ask("publish", asked);
  while ((await published()).some((count, i) => count < before[i]! + events)) await settle(20);
  const tookMs = performance.now() - startMs;
  return {
    cpuUs: (await cpu()).map((us, i) => (us - usedUs[i]!) / events),
    perSecond: events / tookMs * 1_000,
  };
}
