import { latencies, lost } from "../bench.ts";
import type { Scenario } from "../scenario.ts";

const CLIENTS = 1_000;
const EVENTS = 1_000;

/** All clients reconnect at once. */
export const replay: Scenario = {
  name: "replay",
  title: "1 000 clients come back at once, each missing 1 000 events of 100 bytes; deliveries",
  servers: ["hub", "nchan"],
  async run(bench, server) {
    await using pair = await bench.start(server);
    // The id of a subscriber before the first event.
    const { id } = await pair.load.ask("lastId", { port: pair.port, path: "/sse?stream=s0" });
    const once = { events: EVENTS, perTurn: 10, turnMs: 0, dataBytes: 100 };
    await pair.server.ask("publish", once);
    const cpuUs = await pair.server.cpuUs();
    const headers = id ? `Last-Event-ID: ${id}\r\n` : "";
    await pair.load.ask("reset");
    const path = id ? "/sse?stream=s0" : "/replay?stream=s0";
    const { port } = pair;
    await pair.load.ask("open", { port, path, headers, connections: CLIENTS });
    const events = CLIENTS * EVENTS;
    const end = await pair.load.ask("expect", { events, withinMs: 20_000 });
    return [{
      server,
      perSecond: end["received"] / end["tookMs"] * 1_000,
      cpuUs: (await pair.server.cpuUs() - cpuUs) / end["received"],
      ...latencies(end),
      rssBytes: await pair.server.rssBytes(),
      lost: lost(end, events),
      more: { "seconds in all": end["tookMs"] / 1_000 },
    }];
  },
  targets: (find) => [{
    text: "seconds for all",
    value: find("hub").more!["seconds in all"]!,
    relation: "≤",
    limit: 2,
  }],
};
