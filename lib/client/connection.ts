/**
 * One connection: a request, and the events of its response.
 *
 * @module
 */

import { createEventParser, type ParsedEvent } from "../wire/event_parser.ts";
import { type Failure, isTemporary, readFailure, retryAfterMs } from "./failure.ts";
import type { End, Sink } from "./transport.ts";

/** Connects, and reads events until the connection ends. */
export async function connect(sink: Sink): Promise<End> {
  let reason: "unreachable" | "broken" = "unreachable";
  try {
    const response = await sink.request(sink);
    if (response.status === 204) return { type: "ended" };
    const type = response.headers.get("content-type");
    if (response.status !== 200 || !/^text\/event-stream/i.test(type!)) {
      const error = await readFailure("subscribe", response);
      if (!isTemporary(error)) throw error;
      const why = { reason: "refused", status: error.status, detail: error.message } as const;
      return { type: "cut", why, floorMs: retryAfterMs(response) };
    }
    reason = "broken";
    sink.open();
    await read(response.body!.getReader(), sink);
    return { type: "cut", why: { reason: "closed" } };
  } catch (error) {
    if ((error as Failure)?.name === "Failure") return { type: "failed", error: error as Failure };
    return { type: "cut", why: { reason, detail: `${error}` } };
  }
}

async function read(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { signal, lastEventId, retry, receive, hear }: Sink,
): Promise<void> {
  let events: ParsedEvent[];
  let isHeartbeat: boolean;
  const { push } = createEventParser((event) => events.push(event), {
    lastEventId: lastEventId(),
    onRetry: retry,
    onId: (lastEventId) => events.push({ event: "", data: "", lastEventId }),
    onComment: () => isHeartbeat = true,
  });
  // A `fetch` of the application's own may not heed the signal. A broken body can't be cancelled.
  signal.addEventListener("abort", () => reader.cancel().catch(() => {}));
  while (!signal.aborted) {
    const { done, value } = await reader.read();
    if (done) return;
    events = [];
    isHeartbeat = false;
    push(value);
    for (const event of events) {
      const taken = receive(event);
      if (taken) await taken;
    }
    hear(isHeartbeat);
  }
}
