/**
 * What a request to subscribe asks for: streams, and where to begin.
 *
 * @module
 */

import { problem } from "../wire/problem.ts";
import { searchParams } from "../wire/search_params.ts";
import { checkStreamName, isStreamName, STREAM_NAMES } from "../wire/stream_name.ts";

/** What a request to subscribe asks for. */
export interface SubscribeRequest {
  /** Names, sorted, each once. */
  readonly streams: readonly string[];
  /** The id of the last event the client has; `undefined` for a newcomer. */
  readonly lastEventId: string | undefined;
  /** How many of the newest events of each stream a newcomer wants; `Infinity` for all. */
  readonly since: number | undefined;
}

/**
 * Reads what a request asks for: `?stream=`, once a stream, or the streams given; the header
 * `Last-Event-ID` or else `?lastEventId=`; `?since=earliest` or `?since=<n>`.
 *
 * @returns What it asks for, or the answer that refuses the request.
 * @throws {TypeError} If a stream is given that can't be one.
 */
export function parseSubscribeRequest(
  request: Request,
  streams?: readonly string[],
): SubscribeRequest | Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return problem(405, "Subscribe with GET", { allow: "GET, HEAD" });
  }
  const query = searchParams(request);
  streams?.forEach(checkStreamName);
  const names = [...new Set(streams ?? query.getAll("stream"))].sort();
  if (names.length === 0) return problem(400, "Name at least one stream: ?stream=<name>");
  if (names.length > MAX_STREAMS_A_SUBSCRIBER) {
    return problem(400, `Name at most ${MAX_STREAMS_A_SUBSCRIBER} streams`);
  }
  if (!names.every(isStreamName)) {
    const isList = names.some((name) => name.includes(","));
    const remedy = isList ? "; for several streams write ?stream=a&stream=b" : "";
    return problem(400, `A stream name must be ${STREAM_NAMES}${remedy}`);
  }
  const since = query.get("since");
  if (since !== null && !/^(?:earliest|[0-9]{1,15})$/.test(since)) {
    return problem(400, 'Give since as "earliest" or as a number of events');
  }
  return {
    streams: names,
    lastEventId: request.headers.get("last-event-id") || query.get("lastEventId") || undefined,
    since: since === null ? undefined : since === "earliest" ? Infinity : Number(since),
  };
}

const MAX_STREAMS_A_SUBSCRIBER = 32;
