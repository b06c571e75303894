/**
 * One connection: a request, and the events of its response.
 *
 * @module
 */

import { createEventParser, type ParsedEvent } from "../wire/event_parser.ts";
import { type Failure, isTemporary, readFailure, retryAfterMs } from "./failure.ts";
import type { Cut } from "./state.ts";
import type { End, Sink } from "./transport.ts";

/** Connects, and reads events until the connection ends. */
export async function connect(sink: Sink): Promise<End> {
  let why: Cut = { reason: "unreachable" };
  let floorMs: number | undefined;
  try {
    const response = await sink.request(sink);
    const { status, headers, body } = response;
    // A `fetch` of the application's own may not heed the signal.
    if (sink.signal.aborted) throw body?.cancel();
    if (status === 204) return { type: "ended" };
    if (status === 200 && /^text\/event-stream/i.test(headers.get("content-type")!)) {
      why = { reason: "broken" };
      sink.open();
      await read(body!.getReader(), sink);
      why = { reason: "closed" };
    } else {
      const error = await readFailure("subscribe", response);
      if (!isTemporary(error)) throw error;
      why = { reason: "refused", status, detail: error.message };
      floorMs = retryAfterMs(response);
    }
  } catch (error) {
    if ((error as Failure)?.name === "Failure") return { type: "failed", error: error as Failure };
    why = { ...why, detail: `${error}` };
  }
  return { type: "cut", why, floorMs };
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
  // A broken body can't be cancelled.
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
