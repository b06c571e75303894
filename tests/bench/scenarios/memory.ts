import { type Bench, settle } from "../bench.ts";
import type { Scenario, ServerName } from "../scenario.ts";

const EVENTS = 1_000_000;
const STREAMS = 1_000;

/** The memory of a kept event beside its own bytes. */
export const memory: Scenario = {
  name: "memory",
  title: "a million events of 100 bytes published to 1 000 streams and kept; publishes",
  servers: ["hub"],
  maxRuns: 1,
  async run(bench, server) {
    // The same events published, and hardly any of them kept.
    const nothing = await publishAll(bench, server, { BENCH_HISTORY_EVENTS: "1" });
    const all = await publishAll(bench, server, {});
    const limit = 1.5 * all.historyBytes;
    return [{
      server,
      perSecond: EVENTS / all.tookMs * 1_000,
      cpuUs: all.cpuUs / EVENTS,
      rssBytes: all.rssBytes,
      more: {
        "encoded MB": all.historyBytes / 1e6,
        "at the start MB": all.startBytes / 1e6,
        "keeping 1 each MB": nothing.rssBytes / 1e6,
        [OVER_START]: all.rssBytes / (limit + all.startBytes),
        [OVER_NOTHING]: all.rssBytes / (limit + nothing.rssBytes),
      },
    }];
  },
  targets: (find) =>
    [OVER_START, OVER_NOTHING].map((text) => ({
      text: `memory ${text}`,
      value: find("hub").more![text]!,
      relation: "≤" as const,
      limit: 1,
    })),
};

const OVER_START = "÷ (1.5 × encoded + the process at its start)";
const OVER_NOTHING = "÷ (1.5 × encoded + a process that kept 1 each)";

interface Published {
  readonly startBytes: number;
  readonly rssBytes: number;
  readonly historyBytes: number;
  readonly cpuUs: number;
  readonly tookMs: number;
}

async function publishAll(
  bench: Bench,
  server: ServerName,
  env: Record<string, string>,
): Promise<Published> {
  await using pair = await bench.start(server, env);
  const startBytes = await pair.server.rssBytes();
  const cpuUs = await pair.server.cpuUs();
  const turns = { perTurn: 100, turnMs: 0, streams: STREAMS, dataBytes: 100 };
  const { tookMs } = await pair.server.ask("publish", { ...turns, events: EVENTS });
  const usedUs = await pair.server.cpuUs() - cpuUs;
  await settle(2_000);
  const rssBytes = await pair.server.rssBytes();
  const { historyBytes } = await pair.server.ask("stats");
  return { startBytes, rssBytes, historyBytes, cpuUs: usedUs, tookMs };
}
