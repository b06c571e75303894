/**
 * `GET /streams`: the streams of a hub by name, in pages.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import { describeRule, parseWhole } from "../wire/number_option.ts";
import { searchParams } from "../wire/search_params.ts";
import { isStreamName } from "../wire/stream_name.ts";
import { jsonAnswer } from "./json_answer.ts";
import { refuse } from "./refusal.ts";

/**
 * Lists the streams after `?after=<name>`, at most `?limit=` of them (1 to 1 000, default 100), as
 * `{"streams":[…],"next":…}`. `next` is the `after` of the next page, or `null` on the last page.
 */
export function listStreams(hub: BroadcastHub, request: Request): Response {
  const query = searchParams(request);
  const limit = parseWhole(query.get("limit") ?? `${DEFAULT_LIMIT}`, LIMIT);
  if (limit === undefined) {
    return refuse("parameter", `The parameter limit must be ${describeRule(LIMIT)}`);
  }
  const after = query.get("after") ?? "";
  if (after !== "" && !isStreamName(after)) {
    return refuse(
      "parameter",
      'The parameter after must be a stream name: the "next" of the page before',
    );
  }
  // One stream more than the limit shows whether there is a next page.
  const found = hub.streams({ after, limit: limit + 1 });
  const streams = found.slice(0, limit);
  const next = found.length > streams.length ? streams.at(-1)!.name : null;
  return jsonAnswer({ streams, next });
}

const DEFAULT_LIMIT = 100;
const LIMIT = { min: 1, max: 1_000, isWhole: true };
