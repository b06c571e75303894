/**
 * `GET /sse` opens an event stream: with `?stream=<name>` one of the hub, else a per-connection stream.
 *
 * @module
 */

import { eventStream } from "../event_stream.ts";
import type { EventWriter } from "../event_writer.ts";
import { problem } from "../problem.ts";
import { type ConnectionEnd, eventStreamHeaders, retryLater } from "../event_response.ts";
import { searchParams } from "../search_params.ts";
import type { Grant } from "./authorize.ts";
import type { RequestInfo } from "./router.ts";
import { refuseUnserved } from "./served_streams.ts";
import type { SseContext } from "./sse_route.ts";
import { timeText } from "./time_stream.ts";

/** Opens an event stream, or refuses the request. */
export async function subscribe(
  request: Request,
  info: RequestInfo,
  context: SseContext,
): Promise<Response> {
  const { config, hub, authorize } = context;
  const query = searchParams(request);
  const streams = query.getAll("stream");
  const grant = await authorize(request, "subscribe", streams);
  if (grant instanceof Response) return grant;
  const refusal = refuseSlip(query) ?? refuseUnserved(streams, config);
  if (refusal) return refusal;
  if (request.method === "HEAD") {
    return streams.length > 0
      ? hub.subscribe(request)
      : new Response(null, { headers: eventStreamHeaders });
  }
  return context.isStopping() ? retryLater() : admit(request, info, streams, grant, context);
}

/** Refuses a request that names its stream by a wrong parameter, such as `?topic=`. */
function refuseSlip(query: URLSearchParams): Response | undefined {
  if (query.has("stream")) return undefined;
  const slip = [...query.keys()].find((name) => SLIPS.test(name));
  if (slip === undefined) return undefined;
  return problem(400, `There is no parameter ${slip}; name a stream with ?stream=<name>`);
}

// If the parameter were ignored, the client would get the time and wait for its events in vain.
const SLIPS = /^(?:streams?(?:\[\])?|topics?(?:\[\])?|channels?(?:\[\])?)$/i;

/** Opens the event stream if the limits of connections allow one more. */
function admit(
  request: Request,
  info: RequestInfo,
  streams: readonly string[],
  { expiresAtMs = Infinity }: Grant,
  context: SseContext,
): Response {
  const address = context.addressOf(request, info);
  const visitor = { address, streams, completed: info.completed };
  return context.connections.admit(visitor, (onEnd) => {
    const expiresInMs = expiresAtMs - Date.now();
    return streams.length > 0
      ? context.hub.subscribe(request, { onEnd, expiresInMs, context: address })
      : openOwnStream(context, expiresInMs, onEnd);
  });
}

/** Opens the per-connection stream: the time, every `INTERVAL_MS`. */
function openOwnStream(
  { config, writers, onError }: SseContext,
  expiresInMs: number,
  onEnd: (end: ConnectionEnd) => void,
): Response {
  const { intervalMs, retryMs, heartbeatSeconds, stallSeconds } = config;
  const source = (writer: EventWriter) => {
    writers.add(writer);
    writer.every(intervalMs, timeText);
    return () => writers.delete(writer);
  };
  const heartbeatMs = heartbeatSeconds * 1_000;
  const stallMs = stallSeconds * 1_000;
  return eventStream(source, { retryMs, heartbeatMs, stallMs, expiresInMs, onError, onEnd });
}
