/**
 * `GET /events` reads events back as JSON, and `GET /head` gives the id to resume from.
 *
 * @module
 */

import type { EventPage } from "../hub/read_back.ts";
import type { BroadcastHub } from "../hub/hub.ts";
import { HubError } from "../hub/hub_error.ts";
import { parseSubscribeRequest, type SubscribeRequest } from "../hub/subscribe_request.ts";
import { describeRule, parseWhole } from "../wire/number_option.ts";
import { searchParams } from "../wire/search_params.ts";
import { isStreamName } from "../wire/stream_name.ts";
import { jsonAnswer } from "./json_answer.ts";
import { asRefusal, refuse } from "./refusal.ts";
import { describeMissingPath } from "./route_hints.ts";
import type { Route } from "./router.ts";
import { refuseUnserved } from "./served_streams.ts";
import type { SseContext } from "./sse_context.ts";
import { refuseWrongParameter } from "./stream_parameter.ts";

/** What reading back needs of the server. */
export type ReadBackContext = Pick<SseContext, "config" | "hub" | "authorize">;

/**
 * `GET /events?stream=<name>&after=<id>&limit=<n>`: a page of events, with the rights of a subscriber.
 * Without `after`, `?since=<n>` begins with the newest `n` events of each stream. A client that accepts nothing but an event stream is shown the way to one.
 */
export function eventsRoute(context: ReadBackContext): Route {
  return {
    async GET(request) {
      if (request.headers.get("accept") === "text/event-stream") {
        return refuse("path", describeMissingPath(request));
      }
      const wanted = await readWanted(request, context);
      if (wanted instanceof Response) return wanted;
      const { streams, since } = wanted;
      const query = searchParams(request);
      const limit = parseWhole(query.get("limit") ?? "100", LIMIT);
      if (limit === undefined) {
        return refuse("parameter", `The parameter limit must be ${describeRule(LIMIT)}`);
      }
      const after = query.get("after") || query.get("lastEventId") || "";
      const start = { after, ...since !== undefined && { since } };
      const { hub } = context;
      return await answer(hub, (signal) => hub.read(streams, { ...start, limit, signal }));
    },
  };
}

/** `GET /head?stream=<name>`: the id with which a page resumes that is made now. */
export function headRoute(context: ReadBackContext): Route {
  return {
    async GET(request) {
      const wanted = await readWanted(request, context);
      if (wanted instanceof Response) return wanted;
      return await answer(context.hub, () => ({ id: context.hub.position(wanted.streams) }));
    },
  };
}

/** The streams of a request, if it may subscribe to them, and where a newcomer begins. */
async function readWanted(
  request: Request,
  { config, authorize }: ReadBackContext,
): Promise<Pick<SubscribeRequest, "streams" | "since"> | Response> {
  const query = searchParams(request);
  const names = query.getAll("stream");
  const grant = await authorize(request, "subscribe", names);
  if (grant instanceof Response) return grant;
  const refusal = refuseWrongParameter(query) ?? refuseUnserved(names, config);
  if (refusal) return refusal;
  const wanted = parseSubscribeRequest(request);
  if (!(wanted instanceof Response)) return wanted;
  return asRefusal(names.every(isStreamName) ? "parameter" : "stream_name", wanted);
}

async function answer(
  hub: BroadcastHub,
  read: (signal: AbortSignal) => Promise<EventPage> | { readonly id: string },
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
  try {
    return jsonAnswer(await read(late.signal));
  } catch (error) {
    if (!(error instanceof HubError) && !late.signal.aborted) throw error;
    const isClosed = error instanceof HubError && error.code === "closed";
    const retry = { "retry-after": "5" };
    if (isClosed) return refuse("stopping", "The server is stopping; see Retry-After", retry);
    return refuse("log", hub.isLogUp ? BEHIND : UNREACHABLE, retry);
  } finally {
    clearTimeout(timer);
  }
}

const LIMIT = { min: 1, max: 1_000, isWhole: true };
const TIMEOUT_MS = 5_000;
const BEHIND = "This instance is behind the event log, or reads too much of it; see Retry-After";
const UNREACHABLE = "The event log is unreachable; see Retry-After";
