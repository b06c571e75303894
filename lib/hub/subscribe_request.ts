/**
 * Parses a subscribe request: its streams, where to start, and its modes.
 *
 * @module
 */

import { type Mode, type ModeOptions, parseMode } from "./mode.ts";
import { problem } from "../wire/problem.ts";
import { searchParams } from "../wire/search_params.ts";
import {
  checkStreamName,
  isStreamName,
  isStreamPattern,
  STREAM_NAMES,
  STREAM_PATTERNS,
  withoutCovered,
} from "../wire/stream_name.ts";

/** A parsed subscribe request. */
export interface SubscribeRequest {
  /** The names of the streams, and the patterns, sorted, each once. No pattern covers another text. */
  readonly streams: readonly string[];
  /** The id of the last event the client has; `undefined` for a newcomer. */
  readonly lastEventId: string | undefined;
  /**
   * How many of the newest events of each stream a newcomer wants; `Infinity` for all kept events,
   * `undefined` for each stream's `replayEvents`.
   */
  readonly since: number | undefined;
  /** The modes. */
  readonly mode: Mode;
}

/**
 * Parses a subscribe request: one `?stream=` for each stream; the header `Last-Event-ID`, else
 * `?lastEventId=`; `?since=earliest` or `?since=<n>`; a parameter for each mode.
 *
 * @param options The names of the streams and the modes, in place of those in the query.
 * @returns The parsed request, or a response with status 400 or 405 and problem details (RFC 9457).
 * @throws {TypeError} If `options.streams` has a text that is neither a stream's name nor, with
 * `options.patterns`, a pattern.
 */
export function parseSubscribeRequest(
  request: Request,
  options: SubscribeRequestOptions = {},
): SubscribeRequest | Response {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return problem(405, "Subscribe with GET", { allow: "GET, HEAD" });
  }
  const query = searchParams(request);
  const { streams, patterns = false } = options;
  const isPattern = (name: string) => patterns && isStreamPattern(name);
  streams?.forEach((name) => isPattern(name) || checkStreamName(name));
  const names = [...new Set(streams ?? query.getAll("stream"))].sort();
  if (names.length === 0) return problem(400, "Name at least one stream: ?stream=<name>");
  if (!streams && names.length > MAX_STREAMS_A_SUBSCRIBER) {
    return problem(400, `Name at most ${MAX_STREAMS_A_SUBSCRIBER} streams`);
  }
  const wrong = names.find((name) => !isStreamName(name) && !isPattern(name));
  if (wrong !== undefined) return problem(400, faultOfName(wrong, patterns));
  const since = query.get("since");
  if (since !== null && !/^(?:earliest|[0-9]{1,15})$/.test(since)) {
    return problem(400, 'Give since as "earliest" or as a number of events');
  }
  const mode = parseMode(query, options);
  if (typeof mode === "string") return problem(400, mode);
  return {
    streams: withoutCovered(names),
    lastEventId: lastEventId(request, query),
    mode,
    since: since === null ? undefined : since === "earliest" ? Infinity : Number(since),
  };
}

/** What an application decides instead of the query. */
export interface SubscribeRequestOptions extends ModeOptions {
  /** The names of the streams. */
  readonly streams?: readonly string[];
  /** Whether a name may also be a pattern. */
  readonly patterns?: boolean;
}

/** The most names and patterns in a query. */
export const MAX_STREAMS_A_SUBSCRIBER = 32;

/**
 * Checks the names of streams to read, as a request may have them.
 *
 * @param action What the caller was about to do, for the error's text.
 * @returns The names, sorted, each once.
 * @throws {TypeError} If there is no name, there are too many, or one can't be a stream's name.
 */
export function checkStreamNames(action: string, names: string | readonly string[]): string[] {
  const all = [...new Set(typeof names === "string" ? [names] : names)].sort();
  all.forEach(checkStreamName);
  if (all.length >= 1 && all.length <= MAX_STREAMS_A_SUBSCRIBER) return all;
  throw new TypeError(
    `Cannot ${action}: expected 1 to ${MAX_STREAMS_A_SUBSCRIBER} streams, got ${all.length}`,
  );
}

function faultOfName(name: string, patterns: boolean): string {
  if (isStreamPattern(name)) return `Patterns such as ${name} are not enabled; name each stream`;
  if (name.includes("*") && patterns) return `A pattern must be ${STREAM_PATTERNS}`;
  const remedy = name.includes(",") ? "; for several streams write ?stream=a&stream=b" : "";
  return `A stream name must be ${STREAM_NAMES}${remedy}`;
}

/** Returns the id of the header, else that of the query, in any of the spellings in use. */
function lastEventId({ headers }: Request, query: URLSearchParams): string | undefined {
  const ids = ID_PARAMETERS.map((name) => query.get(name));
  return headers.get("last-event-id") || ids.find((id) => id) || undefined;
}

const ID_PARAMETERS = ["lastEventId", "last-event-id", "last_event_id", "lastEventID"];
