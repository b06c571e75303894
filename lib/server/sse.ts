/**
 * The route `/sse`: subscribe, publish, end.
 *
 * @module
 */

import { eventStream } from "../event_stream.ts";
import type { EventWriter } from "../event_writer.ts";
import type { BroadcastHub } from "../hub.ts";
import { HubError } from "../hub_error.ts";
import { problem } from "../problem.ts";
import { type ConnectionEnd, eventStreamHeaders, retryLater } from "../event_response.ts";
import { searchParams } from "../search_params.ts";
import { isStreamName, STREAM_NAMES } from "../stream_name.ts";
import type { Authorize } from "./access.ts";
import type { Config } from "./config.ts";
import type { Connections } from "./connections.ts";
import { addressBlock } from "./ip_address.ts";
import { readPublishBody } from "./publish_body.ts";
import { RateLimit } from "./rate_limit.ts";
import type { RequestInfo, Route } from "./router.ts";

/** Publishes refused, by why. */
export interface RefusedPublishers {
  /** Over `PUBLISH_RATE`. */
  rate: number;
  /** Over `MAX_STREAMS`. */
  maxStreams: number;
  /** While the server stops. */
  stopping: number;
  /** While the event log is away. */
  logAway: number;
}

/** What the route works with. */
export interface SseOptions {
  readonly config: Config;
  readonly hub: BroadcastHub;
  readonly connections: Connections;
  readonly authorize: Authorize;
  /** The writers of the per-connection streams that are open. */
  readonly writers: Set<EventWriter>;
  /** Finds the client's address. */
  readonly addressOf: (request: Request, info: RequestInfo) => string;
  /** Publishes refused, by why; counted here. */
  readonly refusedPublishers: RefusedPublishers;
  /** Whether the server stops. */
  readonly isStopping: () => boolean;
  /** Gets what a source throws. */
  readonly onError: (error: unknown) => void;
  /** What the per-connection stream says at each beat. */
  readonly makeEvent: () => string;
}

/** The stream that the server itself publishes the time to. */
export const CLOCK = "time";

/** Makes the route. */
export function sseRoute(options: SseOptions): Route {
  const { config, hub, connections, authorize, addressOf, isStopping } = options;
  const { refusedPublishers: refused } = options;
  const publishRate = new RateLimit(config.publishRate);

  async function subscribe(request: Request, info: RequestInfo): Promise<Response> {
    const query = searchParams(request);
    const streams = query.getAll("stream");
    const grant = await authorize(request, "subscribe", streams);
    if (grant instanceof Response) return grant;
    const slip = streams.length === 0 && [...query.keys()].find((name) => SLIPS.test(name));
    if (slip) return problem(400, `There is no parameter ${slip}; name a stream by ?stream=<name>`);
    const refusal = refuseUnserved(streams, config);
    if (refusal) return refusal;
    if (request.method === "HEAD" && streams.length === 0) {
      return new Response(null, { headers: eventStreamHeaders });
    }
    if (request.method === "HEAD") return hub.subscribe(request);
    if (isStopping()) return retryLater();
    const visitor = { address: addressOf(request, info), streams, completed: info.completed };
    return connections.admit(visitor, (onEnd) => {
      const expiresInMs = grant.expiresAtMs === undefined
        ? Infinity
        : grant.expiresAtMs - Date.now();
      return streams.length > 0
        ? hub.subscribe(request, { onEnd, expiresInMs, context: visitor.address })
        : ownStream(options, expiresInMs, onEnd);
    });
  }

  async function publish(request: Request, info: RequestInfo): Promise<Response> {
    const stream = await oneStream(request);
    if (stream instanceof Response) return stream;
    const refusal = refuseUnserved([stream], config);
    if (refusal) return refusal;
    const address = addressBlock(addressOf(request, info));
    const waitSeconds = publishRate.take(address);
    if (waitSeconds > 0) {
      refused.rate++;
      return tryAgain(429, "This address publishes too often", waitSeconds);
    }
    const events = await readPublishBody(request, config.maxEventBytes);
    if (events instanceof Response) return events;
    publishRate.owe(address, events.length - 1);
    if (isStopping()) {
      refused.stopping++;
      return tryAgain(503, "The server is stopping", 5);
    }
    try {
      return Response.json(await hub.publish(stream, events), { headers: NO_STORE });
    } catch (error) {
      return refusePublish(error, refused);
    }
  }

  /** Ends a stream, also one outside `STREAMS` that was there under another list. */
  async function end(request: Request): Promise<Response> {
    const stream = await oneStream(request);
    if (stream instanceof Response) return stream;
    if (stream === CLOCK) {
      return problem(
        403,
        `The stream ${CLOCK} is the server's clock; STREAMS without it turns it off`,
      );
    }
    try {
      const wasThere = await hub.end(stream);
      if (wasThere) return new Response(null, { status: 204 });
      return problem(404, `There is no stream ${stream}`);
    } catch (error) {
      return refusePublish(error, refused);
    }
  }

  /** The one stream that a publisher names, if it may publish to it; or the refusal. */
  async function oneStream(request: Request): Promise<string | Response> {
    const streams = searchParams(request).getAll("stream");
    const grant = await authorize(request, "publish", streams);
    if (grant instanceof Response) return grant;
    const [stream = ""] = streams;
    if (streams.length === 1 && isStreamName(stream)) return stream;
    return problem(400, `Name one stream with ?stream=<name>; a name must be ${STREAM_NAMES}`);
  }

  return { GET: subscribe, POST: publish, DELETE: end };
}

function ownStream(
  { config, writers, onError, makeEvent }: SseOptions,
  expiresInMs: number,
  onEnd: (end: ConnectionEnd) => void,
): Response {
  const { intervalMs, retryMs, heartbeatSeconds, stallSeconds } = config;
  const source = (writer: EventWriter) => {
    writers.add(writer);
    writer.every(intervalMs, makeEvent);
    return () => writers.delete(writer);
  };
  const heartbeatMs = heartbeatSeconds * 1_000;
  const stallMs = stallSeconds * 1_000;
  return eventStream(source, { retryMs, heartbeatMs, stallMs, expiresInMs, onError, onEnd });
}

/** Refuses streams that are outside the closed list, if there is one. */
function refuseUnserved(streams: readonly string[], config: Config): Response | undefined {
  const unserved = streams.find((name) => isStreamName(name) && !isServed(name, config));
  return unserved === undefined ? undefined : problem(404, `There is no stream ${unserved}`);
}

/** Whether a stream may be there at all. */
export function isServed(name: string, { streams }: Config): boolean {
  return streams?.includes(name) ?? true;
}

function refusePublish(error: unknown, refused: RefusedPublishers): Response {
  if (error instanceof RangeError) {
    return problem(
      413,
      "This is more than the event log takes at once, with EVENT_LOG=kv 65 000 bytes: send less",
    );
  }
  if (!(error instanceof HubError)) throw error;
  switch (error.code) {
    case "ended":
      return problem(409, "The stream has ended; publish to another one");
    case "full":
      refused.maxStreams++;
      return tryAgain(429, "There are as many streams as MAX_STREAMS allows", 60);
    case "closed":
      refused.stopping++;
      return tryAgain(503, "The server is stopping", 5);
    case "unreachable":
    case "lost":
      refused.logAway++;
      return tryAgain(503, `The event log ${LOG_FAULTS[error.code]}; ${SEND_AGAIN}`, 5);
  }
}

const LOG_FAULTS = { unreachable: "is unreachable", lost: "has lost this event" };
const SEND_AGAIN = "an event with an id can be sent again safely";

function tryAgain(status: number, detail: string, seconds: number): Response {
  return problem(status, detail, { "retry-after": `${seconds}` });
}

// Without a stream's name a client would get the clock, and wait for events that never come.
const SLIPS = /^(?:streams?(?:\[\])?|topics?(?:\[\])?|channels?(?:\[\])?)$/i;

const NO_STORE = { "cache-control": "no-store" };
