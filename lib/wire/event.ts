/**
 * Server-sent events as text, to the letter of the WHATWG HTML standard. Encodes only; see
 * `parser.ts` for the way back.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @module
 */

/**
 * One event, field by field as in section 9.2.5 of the HTML standard. A field left out writes nothing.
 */
export interface ServerSentEvent {
  /** What listeners receive. Any text; line breaks of every kind arrive as LF. */
  readonly data?: string;
  /** The event's type, without CR or LF. Left out or empty, it is `message`. */
  readonly event?: string;
  /**
   * What the client sends back as `Last-Event-ID`: 0 to 128 characters of printable ASCII, no space
   * at either end, so that it survives as a header. `""` clears the id the client holds.
   */
  readonly id?: string;
  /** How long the client waits before it reconnects, in milliseconds: a non-negative safe integer. */
  readonly retry?: number;
  /** A remark that no listener sees; it may have several lines. */
  readonly comment?: string;
}

/**
 * Encodes an event as the lines that go out, always ending in LF.
 *
 * A blank line ends what has `data` or `id`; a `comment` or `retry` alone takes effect without one.
 *
 * @param event At least one field; one with `event` must have `data`, since a lone type would stick
 * to the event that comes next.
 * @returns The lines. Lone surrogates stand as they are and become U+FFFD where the text is encoded
 * as UTF-8.
 * @throws {TypeError} If a text field is no string or has a character that would forge other fields,
 * or if there is nothing to send.
 * @throws {RangeError} If `retry` is anything but a non-negative safe integer.
 *
 * @example
 * ```ts
 * import { encodeEvent } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   encodeEvent({ event: "price", id: "7", data: "EUR\n1.08" }),
 *   "event: price\nid: 7\ndata: EUR\ndata: 1.08\n\n",
 * );
 * ```
 */
export function encodeEvent(event: ServerSentEvent): string {
  checkEvent(event);
  return encodeChecked(event).text;
}

/** An event as text that also says where its id is, so that nobody has to search for it. */
export interface EncodedEvent {
  /** The lines that go out. */
  readonly text: string;
  /** The index in `text` at which the id begins; it ends before the next LF. 0 if there is no id. */
  readonly idIndex: number;
}

/** Encodes an event that {@linkcode checkEvent} has taken, with an id of its own or another one. */
export function encodeChecked(
  event: ServerSentEvent,
  id: string | undefined = event.id,
): EncodedEvent {
  const { comment, event: type, retry, data } = event;
  let text = "";
  let idIndex = 0;
  if (comment !== undefined) text += encodeComment(comment);
  if (type) text += `event: ${type}\n`;
  if (id) idIndex = text.length + "id: ".length;
  if (id !== undefined) text += id === "" ? "id:\n" : `id: ${id}\n`;
  if (retry !== undefined) text += `retry: ${retry}\n`;
  if (data !== undefined) text += lines("data: ", data);
  if (data !== undefined || id !== undefined) text += "\n";
  return { text, idIndex };
}

/**
 * Encodes a comment, which keeps a connection busy and reaches no listener. It has no blank line
 * behind it: to some clients an empty block is an error.
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
 * Checks an event without encoding it, for who accepts it now and encodes it later.
 *
 * @throws {TypeError | RangeError} Exactly when and what {@linkcode encodeEvent} would.
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

const LINE_BREAK = /[\r\n]/;
const LF = /\n/g;
const ID = /^(?:[!-~](?:[ -~]{0,126}[!-~])?)?$/;

// The space is always there: without it a parser would take the first space of the text itself.
function lines(prefix: string, text: string): string {
  // A search for one character is ten times as fast as a pattern's, and long texts are mostly search.
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
