/** This project's hub, with its defaults. */

import { openKvLog } from "../../../lib/log/kv.ts";
import { openRedisLog } from "../../../lib/log/redis.ts";
import { BroadcastHub, type EventLog, eventStream, MemoryLog } from "../../../lib/mod.ts";
import { eventData } from "../data.ts";
import { serve } from "./serve.ts";

const heartbeatMs = Number(Deno.env.get("BENCH_HEARTBEAT_MS") ?? 15_000);
const historyEvents = Number(Deno.env.get("BENCH_HISTORY_EVENTS") ?? 1_000);
const hub = new BroadcastHub({ heartbeatMs, historyEvents, log: openLog() });
await hub.ready;

await serve({
  fetch: (request) => request.url.includes("/own") ? own() : hub.subscribe(request),
  publish: (stream, data) => void hub.publish(stream, { data }),
  answers: { stats: () => ({ ...hub.stats() }) },
});

/** Opens the log that the bench asks for. */
function openLog(): EventLog {
  const place = Deno.env.get("BENCH_LOG_AT") ?? "";
  switch (Deno.env.get("BENCH_LOG")) {
    case "kv":
      globalThis.addEventListener("unload", () => removeFiles(place));
      return openKvLog({ path: place });
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

function own(): Response {
  let sequence = 0;
  return eventStream((writer) => {
    writer.every(1_000, () => ({ id: `own-${sequence}`, data: eventData(sequence++, 100) }));
  });
}
