/**
 * Lets random hostile clients loose on a server for some minutes. The server must never answer with a 5xx,
 * except for a 503 to a client over a limit of connections, nor log an error, print to stderr or exit.
 * Meanwhile a well-behaved subscriber gets every event once and in order. When the hostile clients have
 * left, the server has freed what they used.
 *
 * As a program: `deno task abuse [minutes] [seed] [first visit]`, 10 minutes by default. From 8 minutes
 * on it also fails if memory or file descriptors grow. `EVENT_LOG`, `KV_PATH` and `REDIS_URL` are passed
 * on to the server. HTTP/2 is left out, except for the first bytes of a connection.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it prints

import { assertEquals, assertLess, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { soon } from "../wait.ts";
import { ServerProcess } from "../server/support.ts";
import { Bystander } from "./bystander.ts";
import { Strangers, type VisitsOptions } from "./strangers.ts";
import { INSPECTED, measureGrowth, type Usage, UsageProbe, WARM_UP_MINUTES } from "./usage.ts";

const publishToken = "one-token-that-tests-of-abuse-use";
const jwtKey = "one-secret-of-32-bytes-and-more-for-tests-of-abuse";
const SETTINGS = {
  PUBLISH_TOKEN: publishToken,
  JWT_KEY: jwtKey,
  LOG_FORMAT: "json",
  TRUST_PROXY: "1",
  CORS_ORIGINS: "https://app.example",
  INTERVAL_MS: "50",
  HEARTBEAT_SECONDS: "1",
  STALL_SECONDS: "1",
  HISTORY_BYTES: "200000",
  HISTORY_TOTAL_BYTES: "2000000",
  HISTORY_SECONDS: "10",
  MAX_EVENT_BYTES: "66000",
  MAX_STREAMS: "10",
  MAX_CONNECTIONS: "16",
  MAX_CONNECTIONS_PER_ADDRESS: "3",
  PUBLISH_RATE: "100",
};
const PUBLISH_MS = 20;
const HOP_MS = 2_000;
const LOOK_MS = 250;
const SAMPLE_MS = 5_000;
const QUIET_FIGURES = [
  'sse_connections{shape="own"} 0',
  'sse_connections{shape="hub"} 1',
  "sse_connections_lingering 0",
  "sse_subscribers 1",
];
const MAX_LINE_CHARACTERS = 2_000;
const MAX_MEGABYTES = 500;
const MAX_MORE_HEAP_MEGABYTES = 30;
const MAX_MORE_FILES = 5;
const LIMITS = { heapMegabytes: 20, megabytes: 100, files: 5 };

/** The visits, and the server. */
export interface AbuseOptions extends VisitsOptions {
  /** Settings of the server beside those of the test. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The result of a run. */
export interface AbuseReport {
  /** How many visits there were. */
  readonly visits: number;
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number, number>;
  /** How many events the well-behaved subscriber got. */
  readonly events: number;
  /** Memory and files of the server before, during and after the visits. */
  readonly samples: readonly Usage[];
  /** The text of `/metrics` after the visits. */
  readonly metrics: string;
}

/** Runs the visits. Throws if a check fails; the error names the seed and the last visits. */
export async function abuse(options: AbuseOptions): Promise<AbuseReport> {
  await using server = new ServerProcess({ ...SETTINGS, ...options.settings }, { run: INSPECTED });
  const url = await server.url();
  server.stdout.all.length = 0;
  using probe = await UsageProbe.open(server);
  await using bystander = await Bystander.open(url, publishToken);
  const before = await probe.sample();
  const samples = [before];
  const strangers = new Strangers(url, { ...options, publishToken, jwtKey });
  await strangers.renewKnowledge(bystander.client.ids);
  const repeat = (ms: number, act: () => unknown) => every(ms, () => strangers.areGone, act);
  const running = [
    strangers.run(),
    repeat(1_000, () => strangers.renewKnowledge(bystander.client.ids)),
    repeat(PUBLISH_MS, () => bystander.publish()),
    repeat(HOP_MS, () => bystander.client.hop()),
    repeat(LOOK_MS, () => checkHealth(url)),
    repeat(LOOK_MS, () => checkOutput(server)),
    repeat(SAMPLE_MS, async () => samples.push(await probe.sample())),
  ];
  try {
    await Promise.all(running);
    await bystander.check();
    const metrics = await quietMetrics(url, bystander);
    assertEquals(faultsIn(metrics), []);
    samples.push(await quietUsage(probe, before));
    assertLess(Math.max(...samples.map(({ megabytes }) => megabytes)), MAX_MEGABYTES);
    // The process would wait for an attached inspector before it exits.
    probe[Symbol.dispose]();
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
    checkOutput(server);
    const { visits, statuses } = strangers;
    return { visits, statuses, events: bystander.published, samples, metrics };
  } catch (cause) {
    // After the kill, all of the server's output has been read.
    await server[Symbol.asyncDispose]();
    const said = complaintsOf(server).join("\n");
    throw new Error(`${cause}\n${said}\n${strangers.describe()}`, { cause });
  } finally {
    strangers.leave();
    await Promise.allSettled(running);
  }
}

async function checkHealth(url: URL): Promise<void> {
  for (const path of ["/healthz", "/readyz"]) {
    const response = await soon(fetch(new URL(path, url)), () => `an answer from ${path}`);
    assertEquals([response.status, await response.text()], [200, "ok\n"]);
  }
}

/** Checks stderr, and the lines of the log since the last call. */
function checkOutput(server: ServerProcess): void {
  assertEquals(complaintsOf(server), []);
  for (const line of server.stdout.all.splice(0)) {
    assertLessOrEqual(line.length, MAX_LINE_CHARACTERS, line);
    JSON.parse(line);
  }
}

/** Lines of stderr, and errors in the log. */
function complaintsOf({ stdout, stderr }: ServerProcess): string[] {
  // The runtime prints these when an inspector is attached.
  const complaints = stderr.all.filter((line) => !/^(Debugger |Visit chrome:|$)/.test(line));
  return [...complaints, ...stdout.all.filter((line) => line.includes('"message":"error"'))];
}

/** The text of `/metrics`, as soon as only the well-behaved subscriber is connected. */
async function quietMetrics(url: URL, { operator }: Bystander): Promise<string> {
  return await eventually(async () => {
    const answer = fetch(new URL("/metrics", url), { headers: operator });
    const text = await (await soon(answer, () => "the metrics")).text();
    for (const figure of QUIET_FIGURES) assertStringIncludes(text, `\n${figure}\n`);
    return text;
  });
}

/** The metric lines of refusals with a 5xx, except those over a limit of connections. */
function faultsIn(metrics: string): string[] {
  return metrics.split("\n").filter((line) =>
    /^sse_requests_refused_total\{status="5.* [1-9]/.test(line) && !line.includes('"connections"')
  );
}

/** Memory and files of the server, as soon as sockets are closed and memory is free. */
async function quietUsage(probe: UsageProbe, before: Usage): Promise<Usage> {
  return await eventually(async () => {
    const usage = await probe.sample();
    assertLessOrEqual(usage.files, before.files + MAX_MORE_FILES);
    assertLess(usage.heapMegabytes, before.heapMegabytes + MAX_MORE_HEAP_MEGABYTES);
    return usage;
  });
}

/** Tries 100 times, 100 ms apart, until an attempt does not throw. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 100;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Repeats an action, with a pause after each. */
async function every(ms: number, isOver: () => boolean, act: () => unknown): Promise<void> {
  while (!isOver()) {
    await act();
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

if (import.meta.main) {
  const [minutes = 10, seed = Date.now() % 1e9, first = 0] = Deno.args.map(Number);
  const settings = Object.fromEntries(
    ["EVENT_LOG", "KV_PATH", "REDIS_URL", "HOME"].map((name) => [name, Deno.env.get(name) ?? ""]),
  );
  const { visits, statuses, events, samples, metrics } = await abuse({
    seed,
    minutes,
    first,
    settings,
  });
  const counters = metrics.split("\n").filter((line) => /^sse_.*total/.test(line));
  console.log(
    `Seed ${seed}: ${visits} visits, ${events} events, answers:`,
    statuses,
  );
  console.log(counters.join("\n"));
  console.log("Before and after:", samples[0], samples.at(-1));
  if (minutes < WARM_UP_MINUTES + 3) Deno.exit(0);
  const { isTooMuch, report } = measureGrowth(samples.slice(0, -1), LIMITS);
  console.log(`${report}\n${isTooMuch ? "It grows" : "It does not grow"}`);
  Deno.exit(isTooMuch ? 1 : 0);
}
