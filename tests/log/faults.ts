/**
 * Three servers on one Redis, under random faults of all of them. Clients that stay on a server, and clients
 * that hop from one to the next, must receive each event once, or a `gap` or `reset` in its place, and a
 * `gap` only where something is missing.
 *
 * As a program: `deno task faults [minutes] [durable|forgetful] [seed]`, 10 minutes of each kind by default.
 * It exits with 1 if an event was lost in silence or came twice, or if more than 5 % of the gaps were needless.
 * A durable Redis keeps what it has acknowledged; a forgetful one comes back without its newest entries, or
 * empty.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it reports

import type { StoredEntry } from "../../lib/log/entries.ts";
import { mulberry32 } from "../random.ts";
import { until } from "../wait.ts";
import { CUTTABLE, entriesInFile } from "./append_only_file.ts";
import { judge, type Verdict } from "./fault_verdict.ts";
import { Flood } from "./flood.ts";
import { FaultyHub, RandomFaults } from "./random_faults.ts";
import { RedisServer } from "./redis_server.ts";
import { ResumingClient } from "./resuming_client.ts";

const HUBS = 3;
const STREAMS = ["a", "b", "c"];
const HOPPING = [["a"], ["b"], ["c"], ["a", "b"], STREAMS, ["a"], ["b"], ["c"]];
const PUBLISHERS = 4;
const PAUSE_MS = 15;
const MAX_NEEDLESS = 0.05;
const PUBLISH_TOKEN = "a-token-for-the-faults";

/** What a Redis keeps when it is killed. */
export type RedisKind = "durable" | "forgetful";

/** The result of a run. */
export interface FaultReport extends Verdict {
  /** Events that were acknowledged. */
  readonly acknowledged: number;
  /** Publishes without an answer, and publishes that were refused with a 503. */
  readonly unanswered: readonly [cutOff: number, refused: number];
  /** How often there was each fault. */
  readonly faults: Readonly<Record<string, number>>;
  /** How often clients connected. */
  readonly connections: number;
}

/** Runs faults for some time, and judges what the clients received. */
export async function runFaults(kind: RedisKind, ms: number, seed: number): Promise<FaultReport> {
  await using all = new AsyncDisposableStack();
  const random = mulberry32(seed);
  const redis = all.use(await RedisServer.start(true, CUTTABLE));
  const hubs = Array.from(
    { length: HUBS },
    () => all.use(new FaultyHub(redis, { PUBLISH_TOKEN, HISTORY_EVENTS: "100" })),
  );
  await Promise.all(hubs.map((hub) => hub.start()));
  await until(async () => (await Promise.all(hubs.map((hub) => hub.isReady()))).every(Boolean));
  const pick = () => {
    const running = hubs.filter(({ isRunning }) => isRunning);
    // While none runs, a publisher or client waits for one that is paused.
    return pickFrom(running.length > 0 ? running : hubs);
  };
  const clients = clientsOf(hubs, pick);
  const hopping = clients.filter(({ isHopping }) => isHopping).map(({ client }) => hop(client));
  all.defer(() => Promise.all(hopping).then(() => {}));
  for (const { client } of clients) all.use(client);
  await Promise.all(clients.map(({ client }) => client.connected()));
  const flood = new Flood({
    token: PUBLISH_TOKEN,
    publishers: PUBLISHERS,
    urlOf: (turn) => urlOf(pick(), [STREAMS[turn % STREAMS.length]!]),
    pauseMs: PAUSE_MS,
  });
  flood.start();
  const faults = new RandomFaults({ redis, hubs, isDurable: kind === "durable", random });
  await faults.run(ms);
  await flood.stop();
  for (const name of STREAMS) await flood.post(`last ${name}`, () => urlOf(pick(), [name]));
  for (const { name, streams, client } of clients) {
    const isThere = () => streams.every((stream) => client.data.includes(`last ${stream}`));
    await until(isThere, () => `${name} to get the last events after ${client.shown.at(-1)?.id}`);
  }
  await redis.stop("SIGKILL");
  const kept: StoredEntry[] = await entriesInFile(redis);
  const verdict = judge({
    entries: faults.entries,
    kept,
    acknowledged: flood.acknowledged,
    clients: clients.map(({ name, streams, client: { shown } }) => ({ name, streams, shown })),
  });
  return {
    ...verdict,
    acknowledged: flood.acknowledged.size,
    unanswered: [flood.cutOff, flood.refused],
    faults: faults.counts,
    connections: clients.reduce((sum, { client }) => sum + client.connections, 0),
  };
}

/** What is wrong with a run, a line each; nothing if it kept all promises. */
export function complaintsOf(
  { lost, doubles, needless, gaps }: FaultReport,
): readonly string[] {
  const isTooMuch = needless.length > Math.max(gaps * MAX_NEEDLESS, 1);
  return [
    ...lost.map((what) => `lost in silence: ${what}`),
    ...doubles.map((what) => `twice: ${what}`),
    ...isTooMuch ? needless.map((what) => `needless gap: ${what}`) : [],
  ];
}

/** Clients that hop from hub to hub, and one that stays on each. */
function clientsOf(hubs: readonly FaultyHub[], pick: () => FaultyHub) {
  const hopping = HOPPING.map((streams, i) => {
    return { name: `hopping ${i}`, streams, isHopping: true, client: open(streams, pick) };
  });
  const staying = hubs.map((hub, i) => ({
    name: `staying on hub ${i}`,
    streams: STREAMS,
    isHopping: false,
    client: open(STREAMS, () => hub),
  }));
  return [...hopping, ...staying];
}

function open(streams: readonly string[], pick: () => FaultyHub): ResumingClient {
  const query = streams.map((name) => `stream=${name}`).join("&");
  return new ResumingClient(
    ({ headers, signal }) => fetch(urlOf(pick(), streams), { headers, signal }),
    query,
  );
}

/** Has a client leave its hub again and again, until it is closed. */
async function hop(client: ResumingClient): Promise<void> {
  while (!client.isClosed) {
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1_500));
    client.hop();
  }
}

function urlOf(hub: FaultyHub, streams: readonly string[]): URL {
  return new URL(`/sse?${streams.map((name) => `stream=${name}`).join("&")}`, hub.url);
}

function pickFrom<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)]!;
}

function describe(kind: RedisKind, seed: number, report: FaultReport): string {
  const { needless, unknowable, gaps, resets, lostByStore, acknowledged, connections } = report;
  const [cutOff, refused] = report.unanswered;
  const faults = Object.entries(report.faults).map(([name, count]) => `${name} ${count}`).join(
    ", ",
  );
  return [
    `${kind} Redis, seed ${seed}: ${acknowledged} events acknowledged, of which Redis lost ${lostByStore}; ` +
    `${refused} publishes refused, ${cutOff} without an answer; ${connections} connections`,
    `  faults: ${faults}`,
    `  lost in silence ${report.lost.length}, twice ${report.doubles.length}, resets ${resets}, ` +
    `gaps ${gaps}: needless ${needless.length}, not known to be needed ${unknowable.length}`,
    ...needless.map((what) => `  needless: ${what}`),
    ...unknowable.map((what) => `  not known to be needed: ${what}`),
  ].join("\n");
}

if (import.meta.main) {
  const [minutes = "10", only, seed = `${Date.now() % 1e9}`] = Deno.args;
  if (!(Number(minutes) > 0) || only !== undefined && only !== "durable" && only !== "forgetful") {
    console.error("Usage: deno task faults [minutes] [durable|forgetful] [seed]");
    Deno.exit(2);
  }
  const kinds: RedisKind[] = only === undefined ? ["durable", "forgetful"] : [only];
  let complaints: readonly string[] = [];
  for (const kind of kinds) {
    const report = await runFaults(kind, Number(minutes) * 60_000, Number(seed));
    console.log(describe(kind, Number(seed), report));
    complaints = [...complaints, ...complaintsOf(report)];
  }
  for (const complaint of complaints) console.error(complaint);
  Deno.exit(complaints.length > 0 ? 1 : 0);
}
