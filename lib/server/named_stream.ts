/**
 * The stream that an item of a body names for itself, where the request names none.
 *
 * @module
 */

import { isStreamName, STREAM_NAMES } from "../wire/stream_name.ts";
import { refuse } from "./refusal.ts";

/** The fields of an event, and the stream that they are for. */
export interface Addressed {
  /** The stream's name. */
  readonly stream: string;
  /** The fields, not checked yet. */
  readonly fields: unknown;
}

/** Takes the member `stream` of an item out of its fields, or refuses the item. */
export function addressOf(item: unknown): Addressed | Response {
  if (typeof item !== "object" || item === null) return refuse("parameter", NAME_STREAM);
  const { stream, ...fields } = item as Readonly<Record<string, unknown>>;
  if (typeof stream === "string" && isStreamName(stream)) return { stream, fields };
  if (stream === undefined) return refuse("parameter", NAME_STREAM);
  return refuse("stream_name", `"stream" must be ${STREAM_NAMES}`);
}

const NAME_STREAM =
  'Name one stream with ?stream=<name>, or a stream for each event, as in {"stream":"news","data":"Hello"}';
