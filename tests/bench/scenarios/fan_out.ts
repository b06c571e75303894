import { latencies, lost, settle } from "../bench.ts";
import type { Row, Scenario } from "../scenario.ts";

const TOKEN = "the-token-of-the-bench";
const DATA_BYTES = 256;
const PER_SECOND = 50;
const WARM_UP_EVENTS = 50;
const EVENTS = 200;
const PATIENCE_MS = 60_000;
const SUBSCRIBERS = [1, 10, 100, 1_000];

/** From a POST to every subscriber, in the shape of the bench of Durable Streams. */
export const fanOut: Scenario = {
  name: "fan-out",
  title: "50 events/s of 256 bytes, each a POST to the whole server, to ever more subscribers; " +
    "deliveries, and their latency from before the POST",
  servers: ["main"],
  async run(bench, server) {
    const rows: Row[] = [];
    for (const count of SUBSCRIBERS) {
      await using pair = await bench.start(server, { PUBLISH_TOKEN: TOKEN });
      const request = {
        port: pair.port,
        path: "/sse?stream=s0",
        headers: `Authorization: Bearer ${TOKEN}\r\n`,
        dataBytes: DATA_BYTES,
        everyMs: 1_000 / PER_SECOND,
      };
      const toNobody = { ...request, path: "/sse?stream=nobody", events: 1_000, everyMs: 1 };
      await pair.load.ask("postPaced", toNobody);
      const emptyBytes = await pair.server.rssBytes();
      await pair.open(count, { dataBytes: DATA_BYTES, path: "/sse?stream=s0" });
      await pair.load.ask("postPaced", { ...request, events: WARM_UP_EVENTS });
      await settle();
      await pair.load.ask("reset");
      const cpuUs = await pair.server.cpuUs();
      const firstSequence = WARM_UP_EVENTS;
      await pair.load.ask("postPaced", { ...request, events: EVENTS, firstSequence });
      const end = await pair.load.ask("expect", { events: EVENTS * count, withinMs: PATIENCE_MS });
      const rssBytes = await pair.server.rssBytes();
      rows.push({
        server,
        variant: `${count}`,
        perSecond: end["received"] / end["tookMs"] * 1_000,
        cpuUs: (await pair.server.cpuUs() - cpuUs) / end["received"],
        ...latencies(end),
        rssBytes,
        lost: lost(end, EVENTS * count),
        // The memory of a few is less than what the process takes and gives back by itself.
        more: count < 100 ? {} : { "kB a subscriber": (rssBytes - emptyBytes) / count / 1_000 },
      });
    }
    return rows;
  },
};
