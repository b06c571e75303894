/**
 * `GET /sse` opens an event stream: with `?stream=<name>` one of the hub, else a per-connection stream.
 *
 * @module
 */

import type { SubscribeOptions } from "../hub/options.ts";
import { eventStream } from "../wire/event_stream.ts";
import type { EventWriter } from "../wire/event_writer.ts";
import { type ConnectionEnd, eventStreamHeaders } from "../wire/event_response.ts";
import { retryLater, retryReason } from "../wire/retry_later.ts";
import { searchParams } from "../wire/search_params.ts";
import { isStreamName, isStreamPattern } from "../wire/stream_name.ts";
import type { Grant } from "./authorize.ts";
import type { RequestInfo } from "./router.ts";
import { detailsOf, identityOf } from "./client_details.ts";
import { asRefusal, reasonOf, type RefusalReason } from "./refusal.ts";
import { expandPatterns, refuseUnserved } from "./served_streams.ts";
import type { SseContext } from "./sse_context.ts";
import { controlOf, refuseWrongParameter } from "./stream_parameter.ts";
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
  if (grant instanceof Response) return orRetryLater(request, grant);
  const refusal = refuseWrongParameter(query) ?? refuseUnserved(streams, config);
  if (refusal) return refusal;
  if (request.method === "HEAD") {
    return streams.length > 0
      ? withReason(hub.subscribe(request, streamOptions(streams, config)), streams)
      : new Response(null, { headers: eventStreamHeaders });
  }
  return context.isStopping()
    ? sendElsewhere(request, context)
    : admit(request, info, streams, grant, context);
}

/** Asks a client of a stopping server to reconnect later. */
function sendElsewhere(request: Request, context: SseContext): Response {
  const retryMs = context.goawayRetryMs();
  const control = controlOf(searchParams(request));
  const answer = retryLater(request, { reason: "draining", retryMs, ending: "cut", control });
  return asRefusal("stopping", answer);
}

/** Asks an `EventSource`, which gives up for good on a 503, to come back once there are keys. */
function orRetryLater(request: Request, refusal: Response): Response {
  if (reasonOf(refusal) !== "keys") return refusal;
  const answer = retryLater(request, { ending: "cut" });
  return answer.status === 200 ? asRefusal("keys", answer) : refusal;
}

/** Opens the event stream if the limits of connections allow one more. */
function admit(
  request: Request,
  info: RequestInfo,
  streams: readonly string[],
  grant: Grant,
  context: SseContext,
): Response {
  const { expiresAtMs = Infinity } = grant;
  const address = context.addressOf(request, info);
  const client = identityOf(address, grant);
  const details = detailsOf(request, grant);
  const visitor = { request, address, streams, client, details, completed: info.completed };
  const response = context.connections.admit(visitor, (onEnd, signal) => {
    const expiresInMs = expiresAtMs - Date.now();
    return streams.length > 0
      ? withReason(
        context.hub.subscribe(request, {
          ...streamOptions(streams, context.config),
          onEnd,
          expiresInMs,
          client,
          context: details,
        }),
        streams,
      )
      : openOwnStream(context, { expiresInMs, onEnd, signal });
  });
  const hasEnded = response.status === 204 ||
    response.status === 200 && streams.length > 0 && !context.connections.isIdentified(request) &&
      retryReason(response) === undefined;
  return hasEnded ? asRefusal("ended", response) : response;
}

/** The options for names and patterns, which were authorized as a whole. */
function streamOptions(streams: readonly string[], config: SseContext["config"]): SubscribeOptions {
  const names = expandPatterns(streams, config);
  // Where nothing was expanded, the hub reads the query itself, and refuses what is wrong with it.
  return names === streams ? { patterns: true } : { patterns: true, streams: names };
}

/** Names the reason why the hub refuses a request, if it does: a name, or another parameter. */
function withReason(response: Response, streams: readonly string[]): Response {
  const retry = retryReason(response);
  if (retry !== undefined) return asRefusal(RETRY_REASONS[retry] ?? "log", response);
  if (response.status === 403) return asRefusal("denied", response);
  if (response.status !== 400) return response;
  const isRight = streams.every((stream) => isStreamName(stream) || isStreamPattern(stream));
  return asRefusal(isRight ? "parameter" : "stream_name", response);
}

const RETRY_REASONS: Readonly<Record<string, RefusalReason>> = {
  overloaded: "audiences",
  draining: "stopping",
};

/** What belongs to one connection. */
interface OwnStreamOptions {
  readonly expiresInMs: number;
  readonly onEnd: (end: ConnectionEnd) => void;
  readonly signal: AbortSignal | undefined;
}

/** Opens the per-connection stream: the time, every `INTERVAL_MS`. */
function openOwnStream(
  { config, writers, onError }: SseContext,
  { expiresInMs, onEnd, signal }: OwnStreamOptions,
): Response {
  const { intervalMs, retryMs, heartbeatSeconds, stallSeconds } = config;
  const source = (writer: EventWriter) => {
    writers.add(writer);
    writer.every(intervalMs, timeText);
    return () => writers.delete(writer);
  };
  const heartbeatMs = heartbeatSeconds * 1_000;
  const stallMs = stallSeconds * 1_000;
  const times = { retryMs, heartbeatMs, stallMs, expiresInMs };
  return eventStream(source, {
    ...times,
    ending: "cut" as const,
    onError,
    onEnd,
    ...signal && { signal },
  });
}
