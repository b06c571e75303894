/**
 * Parses the body of a publish request into events, or refuses it. Publishes nothing itself.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import { nearestName } from "../wire/check_options.ts";
import { reservedTypes } from "../wire/control_events.ts";
import { checkPublishable } from "../hub/publisher.ts";
import { parseExactJson, toNumber } from "./exact_json.ts";
import { findJsonFault } from "./json_fault.ts";
import { type Addressed, addressOf } from "./named_stream.ts";
import { isStreamed, readPublishType } from "./publish_type.ts";
import { refuse } from "./refusal.ts";
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
 * @param isFramed Whether a server holds the body to its `Content-Length`: see {@linkcode readBody}.
 * @returns The events, each accepted by {@linkcode checkPublishable}; or a response that names the
 * fault, and in a batch its index: 400, 413 or 415.
 * @throws {TypeError} If the body has been read already, or is of a streamed type.
 */
export async function readPublishBody(
  request: Request,
  maxEventBytes: number,
  isFramed = false,
): Promise<ServerSentEvent[] | Response> {
  const type = readPublishType(request.headers);
  if (type instanceof Response) return type;
  if (isStreamed(type)) throw new TypeError(`Cannot read body: ${type} is read as it arrives`);
  const text = type === "text/plain"
    ? await readBody(request, maxEventBytes, { setting: "MAX_EVENT_BYTES", isFramed })
    : await readBody(request, 4 * maxEventBytes, { setting: "4 times MAX_EVENT_BYTES", isFramed });
  if (text instanceof Response) return text;
  if (type === "text/plain") return refuseLonger([{ data: text }], maxEventBytes);
  const body = parseItems(text);
  return body instanceof Response ? body : toEvents(body, maxEventBytes);
}

/** Events that name their stream themselves. */
export interface NamedEvents {
  /** The stream of all events. */
  readonly stream: string;
  /** The events. */
  readonly events: readonly ServerSentEvent[];
}

/**
 * Reads a JSON body like {@linkcode readPublishBody}, whose objects have the member `stream` as well. All
 * of a list must name the same stream, since a log keeps a list as a whole.
 */
export async function readNamedBody(
  request: Request,
  maxEventBytes: number,
  isFramed: boolean,
): Promise<NamedEvents | Response> {
  const setting = "4 times MAX_EVENT_BYTES";
  const text = await readBody(request, 4 * maxEventBytes, { setting, isFramed });
  if (text instanceof Response) return text;
  const body = parseItems(text);
  if (body instanceof Response) return body;
  const addressed = body.items.map(addressOf);
  const refusal = addressed.find((each) => each instanceof Response);
  if (refusal) return refusal;
  const all = addressed as readonly Addressed[];
  const { stream } = all[0]!;
  if (all.some((each) => each.stream !== stream)) return refuse("event", SEVERAL_STREAMS);
  const events = toEvents({ ...body, items: all.map(({ fields }) => fields) }, maxEventBytes);
  return events instanceof Response ? events : { stream, events };
}

/** The values of a JSON body, and whether it is a list. */
interface Items {
  readonly items: readonly unknown[];
  readonly isList: boolean;
}

function parseItems(text: string): Items | Response {
  let body: unknown;
  try {
    body = parseExactJson(text);
  } catch (error) {
    return error instanceof RangeError ? refuse("event", TOO_DEEP) : refuseJson(text);
  }
  const isList = Array.isArray(body);
  const items: readonly unknown[] = isList ? body as unknown[] : [body];
  if (items.length === 0) return refuse("event", "A batch must have at least one event");
  if (items.length > MAX_BATCH_EVENTS) {
    return refuse("size", `A batch may have at most ${MAX_BATCH_EVENTS} events: send several`);
  }
  return { items, isList };
}

function toEvents({ items, isList }: Items, maxEventBytes: number): ServerSentEvent[] | Response {
  const events: ServerSentEvent[] = [];
  for (const [i, item] of items.entries()) {
    const event = parseEvent(item);
    if (typeof event !== "string") events.push(event);
    else return refuse("event", isList ? `At index ${i}: ${event}` : event);
  }
  return refuseLonger(events, maxEventBytes);
}

/** Returns the events, or refuses them because one of them is too long. */
function refuseLonger(
  events: ServerSentEvent[],
  maxEventBytes: number,
): ServerSentEvent[] | Response {
  const tooLarge = events.findIndex((event) => isLonger(event, maxEventBytes));
  if (tooLarge === -1) return events;
  const detail = `An event may have at most ${maxEventBytes} bytes of text (MAX_EVENT_BYTES)`;
  return refuse("size", events.length > 1 ? `At index ${tooLarge}: ${detail}` : detail);
}

/** Says where a body stops being JSON; a body that is no JSON at all may be meant as text. */
function refuseJson(text: string): Response {
  if (text === "") return refuse("body", `The body is empty: send an event such as ${EXAMPLE}`);
  const fault = findJsonFault(text);
  const place = fault ? ` at line ${fault.line}, column ${fault.column}` : "";
  const found = fault?.found === undefined ? "the end" : JSON.stringify(fault.found);
  const reason = fault ? `: expected ${fault.expected}, found ${found}` : "";
  const isText = fault?.line === 1 && fault.column === 1;
  const remedy = isText ? "; to publish text, send Content-Type: text/plain" : "";
  return refuse("body", `The body is not valid JSON${place}${reason}${remedy}`);
}

/** The rule for each field except `data`, in words for clients. */
const RULES: ReadonlyMap<string, string> = new Map([
  [
    "event",
    `must be a string without line breaks, and none of ${
      [...reservedTypes].join(", ")
    }, which are the hub's`,
  ],
  ["id", "must be a string of at most 128 printable ASCII characters without spaces at its ends"],
  ["retry", "must be a whole number of milliseconds from 0 to 60000"],
  ["comment", "must be a string"],
]);

const MAX_BATCH_EVENTS = 10_000;
// Bounds how long a publisher can keep the clients of a stream from reconnecting.
const MAX_RETRY_MS = 60_000;
const SEVERAL_STREAMS =
  "A list is published all or nothing, and so to one stream: send events of several streams as lines, " +
  "with Content-Type: application/x-ndjson";
const TOO_DEEP = '"data" is nested too deep';
const EXAMPLE = '{"data":"Hello"}';
const MAX_SHOWN_CHARACTERS = 200;

/** Reads one event from JSON, or says what is wrong with it. */
export function parseEvent(item: unknown): ServerSentEvent | string {
  const fields = toNumber(item);
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return `An event must be a JSON object: send ${asData(item)}`;
  }
  const event: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (name === "data") event["data"] = toText(value);
    else if (RULES.has(name)) event[name] = toNumber(value);
    else return describeFault({ ...fields });
  }
  return isPublishable(event) ? event : describeFault({ ...fields });
}

/** Says what is wrong with an event: the first field that is, or what is missing. */
function describeFault(fields: Readonly<Record<string, unknown>>): string {
  const { data, ...others } = fields;
  for (const [name, value] of Object.entries(others)) {
    const rule = RULES.get(name);
    if (rule === undefined) return describeUnknown(name, fields);
    if (!isPublishable({ data: "", [name]: toNumber(value) })) return `"${name}" ${rule}`;
  }
  if (toText(data) instanceof Error) return TOO_DEEP;
  return others["event"]
    ? 'An event with "event" needs "data", which may be ""'
    : `An event needs "data", "comment" or "retry": send, for example, ${EXAMPLE}`;
}

/** Says that an event has no such field, and what is probably meant. */
function describeUnknown(name: string, fields: object): string {
  const known = ["data", ...RULES.keys()];
  const nearest = name === "type" ? "event" : nearestName(name, known);
  const isData = !known.some((field) => Object.hasOwn(fields, field));
  const remedy = isData
    ? `to publish this object as data, send ${asData(fields)}`
    : nearest === undefined
    ? `put it into "data"`
    : `did you mean ${JSON.stringify(nearest)}?`;
  const field = JSON.stringify(name.slice(0, 100));
  return `An event has no field ${field}, only ${known.join(", ")}; ${remedy}`;
}

/** Writes a value as the data of an event; of a long value only its kind. */
function asData(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Nested too deep for this runtime, and so long enough.
  }
  const isShort = json !== undefined && json.length <= MAX_SHOWN_CHARACTERS;
  return `{"data":${isShort ? json : Array.isArray(value) ? "[…]" : "…"}}`;
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

/** Whether an event's texts have more than this many bytes in UTF-8. */
export function isLonger(
  { data = "", event = "", id = "", comment = "" }: ServerSentEvent,
  maxBytes: number,
): boolean {
  const characters = data.length + event.length + id.length + comment.length;
  if (characters * MAX_BYTES_PER_CHARACTER <= maxBytes) return false;
  return new TextEncoder().encode(data + event + id + comment).length > maxBytes;
}

// Of a UTF-16 code unit; a pair of them is one character of four bytes.
const MAX_BYTES_PER_CHARACTER = 3;
