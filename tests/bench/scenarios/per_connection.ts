import { latencies, lost, settle } from "../bench.ts";
import type { Scenario } from "../scenario.ts";

const CLIENTS = 2_000;
const SECONDS = 4;

/** A separate stream for each client. */
export const perConnection: Scenario = {
  name: "per-connection",
  title:
    "2 000 clients, each with a stream of its own and an event of 100 bytes a second; deliveries",
  servers: ["hub", "controllers", "better_sse", "hono"],
  async run(bench, server) {
    await using pair = await bench.start(server);
    await pair.open(CLIENTS, { path: "/own" });
    await settle(1_000);
    await pair.load.ask("reset");
    const cpuUs = await pair.server.cpuUs();
    const withinMs = SECONDS * 1_000;
    const end = await pair.load.ask("expect", { events: Number.MAX_SAFE_INTEGER, withinMs });
    const received: number = end["received"];
    return [{
      server,
      perSecond: received / SECONDS,
      cpuUs: (await pair.server.cpuUs() - cpuUs) / received,
      ...latencies(end),
      rssBytes: await pair.server.rssBytes(),
      lost: lost(end, received),
    }];
  },
};
