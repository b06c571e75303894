/**
 * The log of our servers: in memory, in a KV or SQLite file, or in a Redis.
 *
 * @module
 */

import { openKvLog } from "../../../lib/log/kv.ts";
import { openRedisLog } from "../../../lib/log/redis.ts";
import { openSqliteLog } from "../../../lib/log/sqlite.ts";
import { type EventLog, MemoryLog } from "../../../lib/mod.ts";

/** Opens the log that the bench asks for. */
export function openLog(): EventLog {
  const place = Deno.env.get("BENCH_LOG_AT") ?? "";
  switch (Deno.env.get("BENCH_LOG")) {
    case "kv":
      globalThis.addEventListener("unload", () => removeFiles(place));
      return openKvLog({ path: place });
    case "sqlite":
      globalThis.addEventListener("unload", () => removeFiles(place));
      return openSqliteLog({ path: place });
    case "redis":
      return openRedisLog({ url: place });
    default:
      return new MemoryLog();
  }
}

function removeFiles(path: string): void {
  for (const ending of ["", "-shm", "-wal"]) {
    try {
      Deno.removeSync(path + ending);
    } catch {
      // Another instance has removed it.
    }
  }
}
