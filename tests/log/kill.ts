/**
 * Kills the server at random moments under a flood of publishes, and starts it again. A client that
 * reconnects each time must get every acknowledged event once and in order.
 *
 * As a program: `deno task kill [times] [seed]`; by default 100 times each with Deno KV, SQLite and Redis.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it reports

import { assert, assertEquals } from "@std/assert";
import { compareIds } from "../../lib/wire/ids.ts";
import { freePort } from "../program.ts";
import { mulberry32 } from "../random.ts";
import { ServerProcess } from "../server/support.ts";
import { Flood } from "./flood.ts";
import { kv, redis, sqlite } from "./places.ts";
import { RedisServer } from "./redis_server.ts";
import { ResumingClient } from "./resuming_client.ts";

const PUBLISH_TOKEN = "a-token-for-the-kills";
const PUBLISHERS = 4;
const MAX_LIFE_MS = 400;

/** The result of a run. */
export interface KillReport {
  /** Events that were acknowledged. */
  readonly acknowledged: number;
  /** Publishes that were cut off and retried with the same key. */
  readonly cutOff: number;
}

/** Kills a server `times` times. Throws if an event was lost, doubled or out of order. */
export async function killServers(
  settings: Readonly<Record<string, string>>,
  folder: string,
  times: number,
  seed: number,
): Promise<KillReport> {
  const random = mulberry32(seed);
  const url = new URL(`http://127.0.0.1:${freePort()}/sse?stream=x`);
  // The process's history has few of the events that a client misses; the log has the rest.
  const all = {
    ...settings,
    PUBLISH_TOKEN,
    PORT: url.port,
    HISTORY_EVENTS: "50",
    LOG_FORMAT: "off",
  };
  await using client = new ResumingClient(
    ({ headers, signal }) => fetch(url, { headers, signal }),
    "stream=x",
  );
  const flood = new Flood({ token: PUBLISH_TOKEN, publishers: PUBLISHERS, urlOf: () => url });
  for (let time = 0; time <= times; time++) {
    await using server = new ServerProcess(all, { folder });
    await server.url();
    await client.connected();
    flood.start();
    if (time === times) {
      await flood.stop();
      await client.has(flood.acknowledged.size);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, random() * MAX_LIFE_MS));
    server.kill("SIGKILL");
    await server.exitCode();
  }
  check(flood, client);
  assertEquals(client.marks, []);
  return { acknowledged: flood.acknowledged.size, cutOff: flood.cutOff };
}

/** Checks the events that a client received. */
function check({ acknowledged }: Flood, { data, ids }: ResumingClient): void {
  assertEquals(data.length, new Set(data).size, "an event came twice");
  const seen = new Map(data.map((text, i) => [text, ids[i]]));
  for (const [text, id] of acknowledged) assertEquals(seen.get(text), id, `${text} was lost`);
  assertEquals(seen.size, acknowledged.size);
  assert(ids.every((id, i) => i === 0 || compareIds(ids[i - 1]!, id) < 0), "ids go back");
  for (let number = 0; number < PUBLISHERS; number++) {
    const own = data.filter((text) => text.startsWith(`${number}/`));
    assertEquals(own, own.map((_, i) => `${number}/${i}`), "another order");
  }
}

/** Kills servers with Deno KV behind them. */
export async function killWithKv(times: number, seed: number): Promise<KillReport> {
  const folder = await Deno.makeTempDir();
  try {
    const settings = { EVENT_LOG: "kv", KV_PATH: `${folder}/hub.sqlite` };
    return await killServers(settings, folder, times, seed);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Kills servers with a SQLite file behind them. */
export async function killWithSqlite(times: number, seed: number): Promise<KillReport> {
  const folder = await Deno.makeTempDir();
  try {
    const settings = { EVENT_LOG: "sqlite", SQLITE_PATH: `${folder}/hub.db` };
    return await killServers(settings, folder, times, seed);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Kills servers with Redis behind them. */
export async function killWithRedis(times: number, seed: number): Promise<KillReport> {
  await using server = await RedisServer.start();
  const settings = { EVENT_LOG: "redis", REDIS_URL: server.url, HOME: Deno.env.get("HOME") ?? "" };
  return await killServers(settings, "data", times, seed);
}

if (import.meta.main) {
  const [times = 100, seed = Date.now() % 1e9] = Deno.args.map(Number);
  const kinds = [[kv, killWithKv], [sqlite, killWithSqlite], [redis, killWithRedis]] as const;
  for (const [{ name, ignore }, kill] of kinds) {
    if (ignore) console.log(`${name}: not available here`);
    else console.log(`${name}, seed ${seed}, killed ${times} times:`, await kill(times, seed));
  }
}
