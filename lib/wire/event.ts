/**
 * Encodes server-sent events as text, to the letter of the WHATWG HTML standard. For parsing, see
 * `parser.ts`.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @module
 */

/**
 * One event, with the fields of section 9.2.5 of the HTML standard. A field left out writes no line.
 */
export interface ServerSentEvent {
  /** The text that listeners receive. CRLF and CR arrive as LF. */
  readonly data?: string;
  /** The event's type, without CR or LF. Left out or empty, the type is `message`. */
  readonly event?: string;
  /**
   * The id that the client sends back as `Last-Event-ID`: 0 to 128 characters of printable ASCII without
   * a space at either end, so that the id survives as a header. `""` clears the client's id.
   */
  readonly id?: string;
  /** How long the client waits before it reconnects, in milliseconds: a non-negative safe integer. */
  readonly retry?: number;
  /** A comment, of one or more lines. No listener sees it. */
  readonly comment?: string;
}

/**
 * Encodes an event as the lines that go out, always ending in LF.
 *
 * The fields are in the order `comment`, `event`, `retry`, `data`, `id`. The id is last because some clients
 * accept an id as soon as its line ends: they then have the whole event. A blank line ends an event with
 * `data` or `id`; a `comment` or `retry` alone takes effect without a blank line.
 *
 * @param event Must have a field. An event with `event` must have `data`: a type alone would apply to the
 * next event.
 * @returns The lines. Lone surrogates are kept; they become U+FFFD when the text is encoded as UTF-8.
 * @throws {TypeError} If a text field is not a string or has a character that would inject another field,
 * or if the event has no field.
 * @throws {RangeError} If `retry` is not a non-negative safe integer.
 *
 * @example
 * ```ts
 * import { encodeEvent } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   encodeEvent({ event: "price", id: "7", data: "EUR\n1.08" }),
 *   "event: price\ndata: EUR\ndata: 1.08\nid: 7\n\n",
 * );
 * ```
 */
export function encodeEvent(event: ServerSentEvent): string {
  checkEvent(event);
  return encodeChecked(event).text;
}

/** An encoded event, with its type and the place of its id, so that both are found without a search. */
export interface EncodedEvent {
  /** The lines that go out. The id is the last line, followed by a blank line. */
  readonly text: string;
  /** The number of characters of the id, all ASCII. 0 if there is no id. */
  readonly idLength: number;
  /** The type; `undefined` or empty if the event has none. */
  readonly type: string | undefined;
}

/** Encodes an event that {@linkcode checkEvent} has accepted, with the event's own id or another id. */
export function encodeChecked(
  event: ServerSentEvent,
  id: string | undefined = event.id,
): EncodedEvent {
  const { comment, event: type, retry, data } = event;
  let text = "";
  if (comment !== undefined) text += encodeComment(comment);
  if (type) text += `event: ${type}\n`;
  if (retry !== undefined) text += `retry: ${retry}\n`;
  if (data !== undefined) text += lines("data: ", data);
  if (id !== undefined) text += id === "" ? "id:\n\n" : `id: ${id}\n\n`;
  else if (data !== undefined) text += "\n";
  return { text, idLength: id?.length ?? 0, type };
}

/** The most characters of a type that subscribers can ask for. */
export const MAX_TYPE_LENGTH = 256;

/**
 * Encodes a comment. A comment keeps a connection alive and reaches no listener. No blank line follows,
 * because some clients treat an empty block as an error.
 *
 * @example
 * ```ts
 * import { encodeComment } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(encodeComment("two\nlines"), ": two\n: lines\n");
 * ```
 */
export function encodeComment(comment: string): string {
  return lines(": ", comment);
}

/**
 * Checks an event without encoding it, for callers that accept an event now and encode it later.
 *
 * @throws {TypeError | RangeError} The same error that {@linkcode encodeEvent} throws.
 */
export function checkEvent(event: ServerSentEvent): void {
  if (typeof event !== "object" || event === null) {
    throw new TypeError(`Cannot encode event: expected an object, got ${quote(event)}`);
  }
  const { comment, event: type, id, retry, data } = event;
  checkText("comment", comment);
  checkText("event", type);
  checkText("id", id);
  checkText("data", data);
  if (type !== undefined && LINE_BREAK.test(type)) {
    throw new TypeError(`Cannot encode event: "event" must not contain CR or LF: ${quote(type)}`);
  }
  if (id !== undefined && !ID.test(id)) {
    throw new TypeError(
      `Cannot encode event: "id" must be at most 128 characters of printable ASCII without a space ` +
        `at either end: ${quote(id)}`,
    );
  }
  if (retry !== undefined && !(Number.isSafeInteger(retry) && retry >= 0)) {
    throw new RangeError(
      `Cannot encode event: "retry" must be a non-negative safe integer, got ${quote(retry)}`,
    );
  }
  if (data !== undefined) return;
  if (type) {
    throw new TypeError(`Cannot encode event: "event" needs "data" beside it: ${quote(type)}`);
  }
  if (id === undefined && retry === undefined && comment === undefined) {
    throw new TypeError(
      "Cannot encode event: it has no field; give data, event, id, retry or comment",
    );
  }
}

/** Whether a text can be the `id` of an event: see {@linkcode ServerSentEvent.id}. */
export function isEventId(text: string): boolean {
  return ID.test(text);
}

const LINE_BREAK = /[\r\n]/;
const LF = /\n/g;
const ID = /^(?:[!-~](?:[ -~]{0,126}[!-~])?)?$/;

// The prefix ends in a space: without it, a parser would remove a leading space of the text.
function lines(prefix: string, text: string): string {
  // Searching for a single character is ten times as fast as a pattern, and dominates for long texts.
  const lf = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
  return `${prefix}${lf.includes("\n") ? lf.replace(LF, `\n${prefix}`) : lf}\n`;
}

function checkText(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "string") {
    throw new TypeError(`Cannot encode event: "${name}" must be a string, got ${quote(value)}`);
  }
}

function quote(value: unknown): string {
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
}
