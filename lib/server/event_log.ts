/**
 * The log that a configuration asks for.
 *
 * @module
 */

import { openKvLog } from "../log/kv.ts";
import type { EventLog } from "../log/log.ts";
import { MemoryLog } from "../log/memory.ts";
import { openRedisLog } from "../log/redis.ts";
import type { Config } from "./config.ts";

/** Makes the log; who gets it opens it. */
export function openEventLog(config: Config): EventLog {
  const { eventLog, kvPath, redisUrl, historySeconds, historyTotalBytes } = config;
  const retention = { maxAgeMs: historySeconds * 1_000, maxBytes: historyTotalBytes };
  if (eventLog === "memory") return new MemoryLog();
  if (eventLog === "redis") return openRedisLog({ url: redisUrl!, ...retention });
  return openKvLog(kvPath === undefined ? retention : { path: kvPath, ...retention });
}
