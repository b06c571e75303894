import type { Scenario } from "../scenario.ts";

const SECONDS = 3;

/** How fast clients come and go. */
export const connect: Scenario = {
  name: "connect",
  title: "64 clients connect, wait for the response's head and leave, over and over; connections",
  servers: ["hub", "controllers", "better_sse", "hono", "nchan"],
  async run(bench, server) {
    await using pair = await bench.start(server);
    const request = { port: pair.port, path: "/sse?stream=s0", workers: 64 };
    await pair.load.ask("connect", { ...request, seconds: 1 });
    const cpuUs = await pair.server.cpuUs();
    const { connects, tookMs } = await pair.load.ask("connect", { ...request, seconds: SECONDS });
    return [{
      server,
      perSecond: connects / tookMs * 1_000,
      cpuUs: (await pair.server.cpuUs() - cpuUs) / connects,
      rssBytes: await pair.server.rssBytes(),
    }];
  },
};
