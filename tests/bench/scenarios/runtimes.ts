import type { Find, Row, Scenario, ServerName, Target } from "../scenario.ts";
import { burst } from "./burst.ts";
import { connect } from "./connect.ts";
import { memoryOf } from "./idle.ts";
import { paced } from "./paced.ts";
import { CASES, measure, NCHAN_CASES } from "./publish.ts";
import { runWith } from "./stalled.ts";

/** The runtimes by their name in the bench, and nchan beside them. */
const servers: readonly ServerName[] = ["hub", "node22", "node24", "bun", "nchan"];
const OURS = ["hub", "node22", "node24", "bun"] as const;
/** The cases of `publish` that need neither another log nor a second credential. */
const VARIANTS = ["text, token", "list of 1 000, token", "NDJSON of 1 000, token"];

const runtimesPaced: Scenario = {
  ...paced,
  name: "runtimes-paced",
  title: "`paced`, with the hub on each runtime; `hub` is Deno",
  servers,
  targets: (find) => [
    {
      text: "CPU per delivery, bun ÷ nchan",
      value: find("bun").cpuUs! / find("nchan").cpuUs!,
      relation: "≤",
      limit: 0.85,
    },
    {
      text: "CPU per delivery, node24 ÷ hub",
      value: find("node24").cpuUs! / find("hub").cpuUs!,
      relation: "≤",
      limit: 1.2,
    },
    ...lostTargets(find),
  ],
};

const runtimesBurst: Scenario = {
  ...burst,
  name: "runtimes-burst",
  title: "`burst`, with the hub on each runtime",
  servers,
  targets: lostTargets,
};

const runtimesStalled: Scenario = {
  name: "runtimes-stalled",
  title: "`stalled`, with the hub on each runtime, with and without a client that reads nothing",
  servers,
  maxRuns: 1,
  run: async (bench, server) => [
    await runWith(bench, server, 0),
    await runWith(bench, server, 1),
  ],
  targets: (find) => [
    ...OURS.map((server): Target => ({
      text: `memory at the end, ${server}, with − without the stalled one, MB`,
      value: (find(server, "1 stalled").rssBytes! - find(server, "all read").rssBytes!) / 1e6,
      relation: "≤",
      limit: 10,
    })),
    ...lostTargets((server) => find(server, "1 stalled")),
  ],
};

const runtimesIdle: Scenario = {
  name: "runtimes-idle",
  title: "`idle`, with the hub on each runtime, without heartbeats",
  servers,
  maxRuns: 1,
  run: async (bench, server) => [await memoryOf(bench, server)],
  targets: (find) => [{
    text: "kB of memory for a connection, bun",
    value: find("bun").more!["kB each"]!,
    relation: "≤",
    limit: 12,
  }],
};

const runtimesConnect: Scenario = {
  ...connect,
  name: "runtimes-connect",
  title: "`connect`, with the hub on each runtime",
  servers,
};

const runtimesPublish: Scenario = {
  name: "runtimes-publish",
  title: "`publish`, with the whole server on each runtime; events",
  servers: ["main", "node22", "node24", "bun", "nchan"],
  maxRuns: 1,
  async run(bench, server) {
    const cases = server === "nchan"
      ? NCHAN_CASES.slice(0, 1)
      : CASES.filter(({ variant }) => VARIANTS.includes(variant));
    const rows: Row[] = [];
    for (const each of cases) {
      rows.push(await measure(bench, server, each, { BENCH_SERVER: "main" }));
    }
    return rows;
  },
};

/** The same scenarios as elsewhere, with the hub on each runtime. */
export const runtimes: readonly Scenario[] = [
  runtimesPaced,
  runtimesBurst,
  runtimesStalled,
  runtimesIdle,
  runtimesConnect,
  runtimesPublish,
];

function lostTargets(find: Find): readonly Target[] {
  return OURS.map((server) => ({
    text: `lost, ${server}`,
    value: find(server).lost!,
    relation: "≤",
    limit: 0,
  }));
}
