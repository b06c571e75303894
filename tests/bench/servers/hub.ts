/** This project's hub, with its defaults. */

import { BroadcastHub, eventStream } from "../../../lib/mod.ts";
import { eventData } from "../data.ts";
import { openLog } from "./open_log.ts";
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

function own(): Response {
  let sequence = 0;
  return eventStream((writer) => {
    writer.every(1_000, () => ({ id: `own-${sequence}`, data: eventData(sequence++, 100) }));
  });
}
