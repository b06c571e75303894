/**
 * Parses the body of a publish request into events, or refuses it. Publishes nothing itself.
 *
 * @module
 */

import type { ServerSentEvent } from "../event.ts";
import { problem } from "../problem.ts";
import { checkPublishable } from "../publisher.ts";
import { parseExactJson, toNumber } from "./exact_json.ts";
import { readBody } from "./request_body.ts";

/**
 * Reads the events of a publish request.
 *
 * A `text/plain` body is the `data` of one event. An `application/json` body is an object with the
 * fields of one event, or a batch: a list of 1 to 10 000 such objects. `data` that is not a string is
 * sent as JSON without white space, as `JSON.parse` and `JSON.stringify` would write it: the last of
 * several equal keys counts. Numbers keep their text. The body is UTF-8; a byte order mark at its start
 * is dropped.
 *
 * A body whose type, coding or `Content-Length` is refused is not read at all, and a body that turns
 * out too long is not read any further.
 *
 * @param maxEventBytes The most bytes of an event's texts in UTF-8. A `text/plain` body may have as
 * many bytes, a JSON body four times as many, for names, escapes and batches.
 * @returns The events, each accepted by {@linkcode checkPublishable}; or a response that names the
 * fault, and in a batch its index: 400, 413 or 415.
 * @throws {TypeError} If the body has been read already.
 */
export async function readPublishBody(
  request: Request,
  maxEventBytes: number,
): Promise<ServerSentEvent[] | Response> {
  const type = readType(request.headers);
  if (type instanceof Response) return type;
  const text = await readBody(request, type === "text/plain" ? maxEventBytes : 4 * maxEventBytes);
  if (text instanceof Response) return text;
  const events = type === "text/plain" ? [{ data: text }] : parseEvents(text);
  if (events instanceof Response) return events;
  const tooLarge = events.findIndex((event) => byteLength(event) > maxEventBytes);
  if (tooLarge === -1) return events;
  const detail = `An event may have at most ${maxEventBytes} bytes of text`;
  return problem(413, events.length > 1 ? `At index ${tooLarge}: ${detail}` : detail);
}

type BodyType = "text/plain" | "application/json";

function readType(headers: Headers): BodyType | Response {
  const coding = headers.get("content-encoding")?.toLowerCase() ?? "identity";
  if (coding !== "identity") {
    return problem(415, "Send the body without a content coding", {
      "accept-encoding": "identity",
    });
  }
  const [, type = "", parameters = ""] = /^([^;\s]*)[ \t]*(.*)$/s.exec(
    headers.get("content-type") ?? "",
  ) ?? [];
  const name = type.toLowerCase();
  if ((name === "text/plain" || name === "application/json") && isUtf8(parameters)) return name;
  const accept = { accept: "text/plain, application/json" };
  return problem(
    415,
    "Send text/plain or application/json in UTF-8, and name the type in Content-Type",
    accept,
  );
}

// RFC 9110, section 5.6.6: a semicolon, then nothing or a name and a value that may be quoted.
const PARAMETER =
  /[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:([!#$%&'*+.^_`|~\w-]+)|"((?:[^"\\]|\\.)*)"))?[ \t]*/y;

// https://encoding.spec.whatwg.org/#names-and-labels
const UTF8_LABELS: ReadonlySet<string> = new Set([
  "unicode-1-1-utf-8",
  "unicode11utf8",
  "unicode20utf8",
  "utf-8",
  "utf8",
  "x-unicode20utf8",
]);

/** Whether a content type's parameters are well formed and name no other charset than UTF-8. */
function isUtf8(parameters: string): boolean {
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < parameters.length) {
    const [match, name = "", token, quoted = ""] = PARAMETER.exec(parameters) ?? [];
    if (match === undefined) return false;
    const value = token ?? quoted.replace(/\\(.)/g, "$1");
    if (name.toLowerCase() === "charset" && !UTF8_LABELS.has(value.toLowerCase())) return false;
  }
  return true;
}

function parseEvents(text: string): ServerSentEvent[] | Response {
  let body: unknown;
  try {
    body = parseExactJson(text);
  } catch (error) {
    return problem(400, error instanceof RangeError ? TOO_DEEP : "The body must be valid JSON");
  }
  const items = Array.isArray(body) ? body : [body];
  if (items.length === 0) return problem(400, "A batch must have at least one event");
  if (items.length > MAX_BATCH_EVENTS) {
    return problem(413, `A batch may have at most ${MAX_BATCH_EVENTS} events`);
  }
  const events: ServerSentEvent[] = [];
  for (const [i, item] of items.entries()) {
    const event = parseEvent(item);
    if (typeof event !== "string") events.push(event);
    else return problem(400, Array.isArray(body) ? `At index ${i}: ${event}` : event);
  }
  return events;
}

/** The rule for each field except `data`, in words for clients. */
const RULES: ReadonlyMap<string, string> = new Map([
  ["event", "must be a string without line breaks, and no event type that the hub reserves"],
  ["id", "must be a string of at most 128 printable ASCII characters without spaces at its ends"],
  ["retry", "must be a whole number of milliseconds from 0 to 60000"],
  ["comment", "must be a string"],
]);

const MAX_BATCH_EVENTS = 10_000;
// Bounds how long a publisher can keep the clients of a stream from reconnecting.
const MAX_RETRY_MS = 60_000;
const TOO_DEEP = '"data" is nested too deep';

/** Reads one event from JSON, or says what is wrong with it. */
function parseEvent(item: unknown): ServerSentEvent | string {
  const fields = toNumber(item);
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return "An event must be a JSON object";
  }
  const { data, ...others } = fields as Record<string, unknown>;
  for (const [name, value] of Object.entries(others)) {
    const rule = RULES.get(name);
    if (rule === undefined) return `An event has no field ${JSON.stringify(name.slice(0, 100))}`;
    others[name] = toNumber(value);
    if (!isPublishable({ data: "", [name]: others[name] })) return `"${name}" ${rule}`;
  }
  const text = toText(data);
  if (text instanceof Error) return TOO_DEEP;
  const event: ServerSentEvent = text === undefined ? others : { ...others, data: text };
  if (isPublishable(event)) return event;
  return event.event
    ? 'An event with "event" needs "data"'
    : 'An event needs "data", "comment" or "retry"';
}

function isPublishable(event: ServerSentEvent): boolean {
  try {
    checkPublishable(event);
    return (event.retry ?? 0) <= MAX_RETRY_MS;
  } catch {
    // The error's message is for callers of the library; the client gets the field's rule.
    return false;
  }
}

function toText(value: unknown): string | undefined | Error {
  try {
    return typeof value === "string" ? value : JSON.stringify(value);
  } catch (error) {
    // A runtime whose JSON.stringify() is recursive runs out of stack.
    return error as RangeError;
  }
}

function byteLength({ data = "", event = "", id = "", comment = "" }: ServerSentEvent): number {
  return new TextEncoder().encode(data + event + id + comment).length;
}
