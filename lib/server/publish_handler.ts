/**
 * `POST /sse?stream=<name>` publishes to a stream, and `DELETE` ends it.
 *
 * @module
 */

import { HubError } from "../hub/hub_error.ts";
import { searchParams } from "../wire/search_params.ts";
import { isStreamName, STREAM_NAMES } from "../wire/stream_name.ts";
import { addressBlock } from "./ip_address.ts";
import { jsonAnswer } from "./json_answer.ts";
import { readNamedBody, readPublishBody } from "./publish_body.ts";
import { readPublishType } from "./publish_type.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { RequestInfo } from "./router.ts";
import { type RefusalReason, refuse } from "./refusal.ts";
import { refuseUnserved } from "./served_streams.ts";
import type { RefusedPublishers, SseContext } from "./sse_context.ts";
import { refuseWrongParameter } from "./stream_parameter.ts";
import { TIME_STREAM } from "./time_stream.ts";

/** What publishing needs beside the context of the route. */
export interface PublishContext extends SseContext {
  /** Permits events of an address block. */
  readonly publishRate: RateLimit;
}

/** Publishes the events of a request's body: all of them or none. */
export async function publish(
  request: Request,
  info: RequestInfo,
  context: PublishContext,
): Promise<Response> {
  const { config, hub, addressOf, publishRate, refusedPublishers } = context;
  if (namesNoStream(request)) return await publishNamed(request, info, context);
  const stream = await readStream(request, context);
  if (stream instanceof Response) return stream;
  const block = addressBlock(addressOf(request, info));
  const refusal = refuseUnserved([stream], config) ?? refuseRate(block, context);
  if (refusal) return refusal;
  // Only the runtime's own server says when a response is completed; it holds bodies to their length.
  const isFramed = info.completed !== undefined;
  const events = await readPublishBody(request, config.maxEventBytes, isFramed);
  if (events instanceof Response) return events;
  publishRate.owe(block, events.length - 1);
  if (context.isStopping()) return refuseStopping(refusedPublishers);
  try {
    return jsonAnswer(await hub.publish(stream, events));
  } catch (error) {
    return refuseByHub(error, refusedPublishers);
  }
}

/** Publishes a JSON body whose events name their stream themselves. */
async function publishNamed(
  request: Request,
  info: RequestInfo,
  context: PublishContext,
): Promise<Response> {
  const { config, hub, addressOf, authorize, publishRate, refusedPublishers } = context;
  const grant = await authorize(request, "publish", []);
  if (grant instanceof Response) return grant;
  const block = addressBlock(addressOf(request, info));
  const wrong = refuseWrongParameter(searchParams(request)) ?? refuseRate(block, context);
  if (wrong) return wrong;
  const named = await readNamedBody(request, config.maxEventBytes, info.completed !== undefined);
  if (named instanceof Response) return named;
  const { stream, events } = named;
  publishRate.owe(block, events.length - 1);
  const right = await authorize(request, "publish", [stream]);
  if (right instanceof Response) return right;
  const unserved = refuseUnserved([stream], config);
  if (unserved) return unserved;
  if (context.isStopping()) return refuseStopping(refusedPublishers);
  try {
    return jsonAnswer(await hub.publish(stream, events));
  } catch (error) {
    return refuseByHub(error, refusedPublishers);
  }
}

/** Whether a request has a JSON body and no `?stream=`. */
function namesNoStream(request: Request): boolean {
  if (/[?&]stream=/.test(request.url) || readPublishType(request.headers) !== JSON_TYPE) {
    return false;
  }
  return !searchParams(request).has("stream");
}

const JSON_TYPE = "application/json";

/**
 * Ends a stream, also one that an earlier start of the server created and `STREAMS` no longer lists.
 */
export async function endStream(request: Request, context: SseContext): Promise<Response> {
  const stream = await readStream(request, context);
  if (stream instanceof Response) return stream;
  if (stream === TIME_STREAM) return refuse("clock", CLOCK_REFUSAL);
  try {
    const wasThere = await context.hub.end(stream);
    if (wasThere) return new Response(null, { status: 204 });
    return refuse(
      "stream",
      `There is no stream ${stream}; GET /streams lists those that there are`,
    );
  } catch (error) {
    return refuseByHub(error, context.refusedPublishers);
  }
}

/** Reads the one stream that a request names, if the request may publish to it. */
async function readStream(
  request: Request,
  { authorize }: SseContext,
): Promise<string | Response> {
  const query = searchParams(request);
  const streams = query.getAll("stream");
  const grant = await authorize(request, "publish", streams);
  if (grant instanceof Response) return grant;
  const [stream = ""] = streams;
  if (streams.length === 1 && isStreamName(stream)) return stream;
  if (streams.length === 1 && stream !== "") {
    return refuse("stream_name", `A stream name must be ${STREAM_NAMES}`);
  }
  return refuseWrongParameter(query) ?? refuse("parameter", NAME_ONE);
}

/** Takes one permit of an address block; a batch takes the permits of its other events later. */
function refuseRate(block: string, context: PublishContext): Response | undefined {
  const waitSeconds = context.publishRate.take(block);
  if (waitSeconds === 0) return undefined;
  context.refusedPublishers.rate++;
  const detail = "Too many publishes come from this address (PUBLISH_RATE); see Retry-After";
  return tryAgain("publish_rate", detail, waitSeconds);
}

/** Answers for an error of the hub; throws an error that the request did not cause. */
export function refuseByHub(error: unknown, refused: RefusedPublishers): Response {
  if (error instanceof RangeError) return refuse("size", TOO_MUCH);
  if (!(error instanceof HubError)) throw error;
  switch (error.code) {
    case "ended":
      return refuse("ended", "The stream has ended; publish to another one");
    case "full":
      refused.maxStreams++;
      return tryAgain(
        "max_streams",
        "The limit of streams is reached (MAX_STREAMS); publish to a stream that exists",
        60,
      );
    case "closed":
      return refuseStopping(refused);
    case "unreachable":
    case "lost":
      refused.logAway++;
      return tryAgain("log", `The event log ${LOG_FAULTS[error.code]}; ${SEND_AGAIN}`, 5);
  }
}

/** Refuses a publish because the server is stopping. */
export function refuseStopping(refused: RefusedPublishers): Response {
  refused.stopping++;
  return tryAgain("stopping", "The server is stopping; see Retry-After", 5);
}

function tryAgain(reason: RefusalReason, detail: string, seconds: number): Response {
  return refuse(reason, detail, { "retry-after": `${seconds}` });
}

const NAME_ONE = "Name one stream with ?stream=<name>, as in POST /sse?stream=news";
/** Why the stream of the server's clock can't be ended. */
export const CLOCK_REFUSAL =
  `The server itself publishes to the stream ${TIME_STREAM}; to turn it off, set STREAMS without ${TIME_STREAM}`;
const TOO_MUCH =
  "The event log cannot keep this as one entry (with EVENT_LOG=kv at most 65 000 bytes); send less at once";
const LOG_FAULTS = { unreachable: "is unreachable", lost: "has lost this event" };
const SEND_AGAIN = "an event with an id can be sent again safely";
