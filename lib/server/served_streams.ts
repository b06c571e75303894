/**
 * Which streams may exist on this server: those that `STREAMS` lists, or any.
 *
 * @module
 */

import { isStreamName } from "../wire/stream_name.ts";
import type { Config } from "./config.ts";
import { refuse } from "./refusal.ts";

/** Whether a stream may exist on this server. */
export function isServed(name: string, { streams }: Pick<Config, "streams">): boolean {
  return streams?.includes(name) ?? true;
}

/** Answers with a 404 if one of the streams is not served; `undefined` if all are. */
export function refuseUnserved(
  streams: readonly string[],
  config: Pick<Config, "streams">,
): Response | undefined {
  const unserved = streams.find((name) => isStreamName(name) && !isServed(name, config));
  if (unserved === undefined) return undefined;
  return refuse("stream", `There is no stream ${unserved}; this server has those of STREAMS`);
}
