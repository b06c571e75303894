/**
 * A client that runs against a server that is killed every 20 seconds: it gets every event once, and its
 * memory does not grow. `deno task endure [minutes]`, an hour by default. It prints a line each minute.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it is a program

import { publish, subscribe } from "../../lib/client/mod.ts";
import { freePort } from "../program.ts";
import { ServerProcess } from "../server/support.ts";

const TOKEN = "a-token-to-endure";
const KILL_MS = 20_000;

const minutes = Number(Deno.args[0] ?? 60);
const folder = await Deno.makeTempDir();
const port = `${freePort()}`;
const url = `http://127.0.0.1:${port}/sse?stream=endure`;

async function startServer(): Promise<ServerProcess> {
  const server = new ServerProcess({
    PORT: port,
    EVENT_LOG: "kv",
    KV_PATH: `${folder}/hub.sqlite`,
    HEARTBEAT_SECONDS: "2",
    RETRY_MS: "500",
    PUBLISH_TOKEN: TOKEN,
  }, { folder });
  await server.url();
  return server;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What the process has: MB of its heap without garbage, MB in all, and open files. */
interface Memory {
  readonly heap: number;
  readonly resident: number;
  readonly files: number;
}

function memory(): Memory {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = Deno.memoryUsage();
  const files = [...Deno.readDirSync("/proc/self/fd")].length;
  return { heap: heapUsed / 1_048_576, resident: rss / 1_048_576, files };
}

function inWords({ heap, resident, files }: Memory): string {
  return `heap ${heap.toFixed(1)} MB, in all ${resident.toFixed(0)} MB, ${files} open files`;
}

let server = await startServer();
const events = subscribe(url);
let next = 0;
let kills = 0;
const wrong: string[] = [];
const reading = (async () => {
  for await (const { event, data } of events) {
    if (event !== "message") wrong.push(`${event} after ${next}`);
    else if (data === `${next}`) next++;
    else wrong.push(`${data} instead of ${next}`);
  }
})();
await pause(1_000);

const end = Date.now() + minutes * 60_000;
let published = 0;
const publishing = (async () => {
  while (Date.now() < end) {
    await publish(url, `${published}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    published++;
    await pause(50);
  }
})();

let firstMinute: Memory | undefined;
const minutely = setInterval(() => {
  const now = memory();
  firstMinute ??= now;
  console.log(`${next} of ${published} events, ${kills} kills, ${inWords(now)}`);
}, 60_000);
while (Date.now() + KILL_MS < end) {
  await pause(KILL_MS);
  server.kill("SIGKILL");
  await server.exitCode();
  kills++;
  server = await startServer();
}
await publishing;
for (let i = 0; i < 300 && next < published; i++) await pause(100);
clearInterval(minutely);
const after = memory();
const before = firstMinute ?? after;
events.close();
await reading;
server.kill("SIGKILL");
await server.exitCode();
await Deno.remove(folder, { recursive: true });
console.log(
  `${next} of ${published} events, each once; ${kills} kills; ${wrong.length} wrong\n` +
    `after the first minute: ${inWords(before)}\nat the end: ${inWords(after)}`,
);
for (const text of wrong.slice(0, 10)) console.log(text);
const isSmall = after.heap < before.heap + 3 && after.resident < before.resident + 50 &&
  after.files < before.files + 10;
Deno.exit(next === published && wrong.length === 0 && isSmall ? 0 : 1);
