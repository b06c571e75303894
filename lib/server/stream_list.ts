/**
 * `GET /streams`: the streams of a hub by name, in pages.
 *
 * @module
 */

import type { BroadcastHub } from "../hub.ts";
import { problem } from "../problem.ts";
import { searchParams } from "../search_params.ts";
import { isStreamName } from "../stream_name.ts";

/**
 * Answers with the streams after `?after=<name>`, at most `?limit=` of them (1 to 1 000, default 100):
 * `{"streams":[…],"next":…}`, where `next` is the `after` of the next page, or `null` on the last one.
 */
export function listStreams(hub: BroadcastHub, request: Request): Response {
  const query = searchParams(request);
  const limit = query.get("limit") ?? `${DEFAULT_LIMIT}`;
  if (!/^[0-9]{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    return problem(400, `Give limit as a whole number from 1 to ${MAX_LIMIT}`);
  }
  const after = query.get("after") ?? "";
  if (after !== "" && !isStreamName(after)) {
    return problem(400, 'Give after as the name of a stream: the "next" of the page before');
  }
  // One more than asked for shows whether there is a next page.
  const found = hub.streams({ after, limit: Number(limit) + 1 });
  const streams = found.slice(0, Number(limit));
  const next = found.length > streams.length ? streams.at(-1)!.name : null;
  return Response.json({ streams, next }, { headers: { "cache-control": "no-store" } });
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
