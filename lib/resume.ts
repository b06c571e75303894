/**
 * What a subscriber's request asks for, and how a hub tells it where it stands: the events `hello`,
 * `gap` and `reset`.
 *
 * @module
 */

import { checkEvent, encodeEvent, type ServerSentEvent } from "./event.ts";
import { problem } from "./problem.ts";
import { checkStreamName, isStreamName } from "./stream_name.ts";

/** What a request asks for. */
export interface Wish {
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
 * @returns The wish, or the answer that refuses the request.
 * @throws {TypeError} If a stream is given that can't be one.
 */
export function parseWish(request: Request, streams?: readonly string[]): Wish | Response {
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
    return problem(
      400,
      "A stream's name is segments of A-Z a-z 0-9 . _ ~ - joined by /, at most 128 characters",
    );
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

/**
 * Checks an event that somebody wants to publish.
 *
 * @throws {TypeError | RangeError} If it can't be encoded, has nothing but an id, or a type that hubs
 * keep for themselves.
 */
export function checkPublishable(event: ServerSentEvent): void {
  checkEvent(event);
  const { event: type = "", data, comment, retry } = event;
  if (RESERVED.has(type)) {
    throw new TypeError(`Cannot publish event: the type "${type}" is the hub's own`);
  }
  if (data === undefined && comment === undefined && retry === undefined) {
    throw new TypeError("Cannot publish event: it has neither data, comment nor retry");
  }
}

/** The query of a request; unlike `new URL()`, it takes what any client may write as its host. */
export function searchParams(request: Request): URLSearchParams {
  return new URLSearchParams(/\?[^#]*/.exec(request.url)?.[0]);
}

/** Encodes what tells a subscriber from where it goes on, and how long silence may last. */
export function encodeHello(id: string, heartbeatMs: number): string {
  const data = JSON.stringify({ heartbeatSeconds: heartbeatMs / 1_000 });
  return encodeEvent({ event: "hello", id, data });
}

/** Encodes what tells that events of these streams up to an id are missing. */
export function encodeGap(streams: readonly string[], id: string): string {
  return encodeLoss("gap", streams, id);
}

/**
 * Encodes what tells that the id a client brought means nothing here.
 *
 * @param id Where it goes on instead. Left out where `hello` follows, which says so: whoever is cut off
 * between the two comes back with the old id, and is told again.
 */
export function encodeReset(streams: readonly string[], id?: string): string {
  return encodeLoss("reset", streams, id);
}

// The id comes last: some clients take an id where its line ends, even of an event that is then cut off.
function encodeLoss(event: string, streams: readonly string[], id: string | undefined): string {
  const text = encodeEvent({ event, data: JSON.stringify({ streams }) });
  return id === undefined ? text : `${text.slice(0, -1)}id: ${id}\n\n`;
}

const MAX_STREAMS_A_SUBSCRIBER = 32;
const RESERVED = new Set(["hello", "gap", "reset", "expired", "open", "error"]);
