import type { Scenario } from "../scenario.ts";

const SECONDS = 3;
const TOKEN = "the-token-of-the-bench";

/** How fast events come in over HTTP. */
export const publish: Scenario = {
  name: "publish",
  title: "16 publishers, a POST of 100 bytes each after the other on kept connections, one " +
    "subscriber; publishes",
  servers: ["main", "nchan"],
  async run(bench, server) {
    await using pair = await bench.start(server, { PUBLISH_TOKEN: TOKEN });
    await pair.open(1);
    const request = {
      port: pair.port,
      path: server === "nchan" ? "/publish?stream=s0" : "/sse?stream=s0",
      headers: `Authorization: Bearer ${TOKEN}\r\n`,
      data: "x".repeat(100),
      workers: 16,
    };
    await pair.load.ask("post", { ...request, seconds: 1 });
    const cpuUs = await pair.server.cpuUs();
    const { posts, tookMs } = await pair.load.ask("post", { ...request, seconds: SECONDS });
    return [{
      server,
      perSecond: posts / tookMs * 1_000,
      cpuUs: (await pair.server.cpuUs() - cpuUs) / posts,
      rssBytes: await pair.server.rssBytes(),
    }];
  },
};
