/**
 * Creates the event log that a configuration asks for.
 *
 * @module
 */

import { openKvLog } from "../log/kv.ts";
import type { EventLog } from "../log/event_log.ts";
import { MemoryLog } from "../log/memory.ts";
import { openRedisLog, type RedisLogOptions } from "../log/redis.ts";
import { openSqliteLog } from "../log/sqlite.ts";
import type { Config } from "./config.ts";

/** Creates the log; the hub opens it. `onWarning` is called with each risk to the log's entries. */
export function openEventLog(config: Config, onWarning: (text: string) => void): EventLog {
  const { eventLog, kvPath, sqlitePath, historySeconds, historyTotalBytes } = config;
  const retention = { maxAgeMs: historySeconds * 1_000, maxBytes: historyTotalBytes };
  if (eventLog === "memory") return new MemoryLog();
  if (eventLog === "redis") {
    return openRedisLog({ ...redisOptions(config), onWarning, ...retention });
  }
  if (eventLog === "sqlite") return openSqliteLog({ path: sqlitePath, ...retention });
  return openKvLog(kvPath === undefined ? retention : { path: kvPath, ...retention });
}

function redisOptions(config: Config): RedisLogOptions {
  const { redisUrl: url, redisSentinels: sentinels, redisMaster: master, redisCa: ca } = config;
  return { ...url && { url }, sentinels, ...master && { master }, ...ca && { ca } };
}
