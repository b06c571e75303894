import { type Bench, settle } from "../bench.ts";
import type { Row, Scenario, ServerName } from "../scenario.ts";

const CONNECTIONS = 5_000;

/** The cost of an open connection without events. */
export const idle: Scenario = {
  name: "idle",
  title: "5 000 connections without events; then, at the hub, a heartbeat each second; heartbeats",
  servers: ["hub", "bare", "controllers", "better_sse", "hono", "nchan"],
  maxRuns: 1,
  async run(bench, server) {
    const row = await memoryOf(bench, server);
    if (server !== "hub") return [row];
    await using beating = await bench.start(server, { BENCH_HEARTBEAT_MS: "1000" });
    await beating.open(CONNECTIONS);
    await settle(2_000);
    const cpuUs = await beating.server.cpuUs();
    await settle(5_000);
    const usedUs = await beating.server.cpuUs() - cpuUs;
    return [row, {
      server,
      variant: "heartbeats",
      cpuUs: usedUs / (5 * CONNECTIONS),
      perSecond: CONNECTIONS,
      rssBytes: await beating.server.rssBytes(),
    }];
  },
  targets: (find) => [{
    text: "memory of a connection, hub ÷ bare",
    value: find("hub").more!["kB each"]! / find("bare").more!["kB each"]!,
    relation: "≤",
    limit: 1.05,
  }],
};

/** The memory of connections without events and heartbeats. */
export async function memoryOf(bench: Bench, server: ServerName): Promise<Row> {
  await using pair = await bench.start(server, { BENCH_HEARTBEAT_MS: "0" });
  await pair.open(20);
  await pair.server.ask("collectGarbage");
  const before = await pair.server.rssBytes();
  await pair.open(CONNECTIONS);
  await pair.server.ask("collectGarbage");
  await settle(1_000);
  const rssBytes = await pair.server.rssBytes();
  return { server, rssBytes, more: { "kB each": (rssBytes - before) / CONNECTIONS / 1e3 } };
}
