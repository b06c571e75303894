/**
 * Which streams may exist on this server: those that `STREAMS` lists, or any.
 *
 * @module
 */

import { MAX_STREAMS_A_SUBSCRIBER } from "../hub/subscribe_request.ts";
import { coversStream, isStreamName, isStreamPattern } from "../wire/stream_name.ts";
import type { Config } from "./config.ts";
import { refuse } from "./refusal.ts";

/** Whether a stream may exist on this server. */
export function isServed(name: string, { streams }: Pick<Config, "streams">): boolean {
  return streams?.includes(name) ?? true;
}

/**
 * Returns names in place of the patterns, if the streams of this server are listed: those that a pattern
 * covers. Otherwise returns the names and patterns as they are.
 */
export function expandPatterns(
  streams: readonly string[],
  { streams: served }: Pick<Config, "streams">,
): readonly string[] {
  if (!served || !streams.some(isStreamPattern) || !streams.every(isAllowed)) return streams;
  return streams.flatMap((stream) =>
    isStreamPattern(stream) ? served.filter((name) => coversStream(stream, name)) : [stream]
  );
}

function isAllowed(stream: string, _index: number, { length }: readonly string[]): boolean {
  return (isStreamName(stream) || isStreamPattern(stream)) && length <= MAX_STREAMS_A_SUBSCRIBER;
}

/**
 * Answers with a 404 if one of the streams is not served, or if a pattern covers no stream that is;
 * `undefined` if all are.
 */
export function refuseUnserved(
  streams: readonly string[],
  config: Pick<Config, "streams">,
): Response | undefined {
  const isUnserved = (stream: string) =>
    isStreamPattern(stream)
      ? expandPatterns([stream], config).length === 0
      : isStreamName(stream) && !isServed(stream, config);
  const unserved = streams.find(isUnserved);
  if (unserved === undefined) return undefined;
  return refuse("stream", `There is no stream ${unserved}; this server has those of STREAMS`);
}
