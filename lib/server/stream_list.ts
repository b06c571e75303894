/**
 * `GET /streams`: the streams of a hub by name, in pages.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import { streamOrders } from "../hub/stats.ts";
import { searchParams } from "../wire/search_params.ts";
import { isStreamName } from "../wire/stream_name.ts";
import { jsonAnswer } from "./json_answer.ts";
import { readListParameters } from "./list_parameters.ts";
import { refuse } from "./refusal.ts";

/**
 * Lists the streams after `?after=<name>`, at most `?limit=` of them (1 to 1 000, default 100), as
 * `{"streams":[…],"next":…}`. `next` is the `after` of the next page, or `null` on the last page.
 * `?search=` finds a text in names. With another `?sort=` than the name, `?offset=` makes pages, and
 * `next` is the next offset.
 */
export function listStreams(hub: BroadcastHub, request: Request): Response {
  const query = searchParams(request);
  const parameters = readListParameters(query, streamOrders);
  if (parameters instanceof Response) return parameters;
  const { limit, offset, sort } = parameters;
  const after = query.get("after") ?? "";
  if (after !== "" && !isStreamName(after)) {
    return refuse(
      "parameter",
      'The parameter after must be a stream name: the "next" of the page before',
    );
  }
  // One stream more than the limit shows whether there is a next page.
  const search = query.get("search") ?? "";
  const found = hub.streams({ after, search, sort, offset, limit: limit + 1 });
  const streams = found.slice(0, limit);
  const hasNext = found.length > streams.length;
  const last = sort === "name" ? streams.at(-1)?.name : offset + limit;
  const next = hasNext ? last : null;
  return jsonAnswer({ streams, next });
}
