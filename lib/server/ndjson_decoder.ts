/**
 * Decodes `application/x-ndjson`: each line is the fields of one event, as JSON.
 *
 * @see {@link https://github.com/ndjson/ndjson-spec}
 *
 * @module
 */

import type { EventDecoder } from "../hub/ingest.ts";
import type { PublishQueue } from "../hub/publish_queue.ts";
import { parseExactJson } from "./exact_json.ts";
import { findJsonFault } from "./json_fault.ts";
import { isLonger, parseEvent } from "./publish_body.ts";
import { refuse } from "./refusal.ts";
import { type Addressed, addressOf } from "./named_stream.ts";
import { RefusedError } from "./refused_error.ts";

/** Options of an {@linkcode NdjsonDecoder}. */
export interface NdjsonOptions {
  /** The stream of all events. Left out, each line names its own with `stream`. */
  readonly stream?: string | undefined;
  /** The most bytes of an event's texts in UTF-8. A line may have four times as many. */
  readonly maxEventBytes: number;
}

/**
 * Decodes lines. The last line needs no line break, and lines of white space count for nothing but the
 * silence that they end.
 */
export class NdjsonDecoder implements EventDecoder {
  readonly #queue: PublishQueue;
  readonly #options: NdjsonOptions;
  // The unfinished line: copies, so that they don't keep the chunks that they came in.
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #line = 0;

  /** Begins before the first byte. */
  constructor(queue: PublishQueue, options: NdjsonOptions) {
    this.#queue = queue;
    this.#options = options;
  }

  /** Whether a line has begun and is not finished. */
  get isWithinEvent(): boolean {
    return this.#partBytes > 0;
  }

  /**
   * Takes the next bytes.
   *
   * @throws {RefusedError} At the first line that is no event.
   */
  push(bytes: Uint8Array): void {
    let start = 0;
    if (this.#partBytes > 0) {
      const end = bytes.indexOf(LF);
      this.#keep(bytes.slice(0, end < 0 ? undefined : end));
      if (end < 0) return;
      this.finish();
      start = end + 1;
    }
    const end = bytes.lastIndexOf(LF);
    if (end >= start) this.#takeLines(bytes.subarray(start, end));
    this.#keep(bytes.slice(Math.max(start, end + 1)));
  }

  /** Takes the unfinished line. */
  finish(): void {
    if (this.#partBytes === 0) return;
    const bytes = new Uint8Array(this.#partBytes);
    let offset = 0;
    for (const part of this.#parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    this.#partBytes = 0;
    this.#takeLines(bytes);
  }

  #keep(part: Uint8Array): void {
    this.#partBytes += part.length;
    if (part.length > 0) this.#parts.push(part);
    const maxBytes = 4 * this.#options.maxEventBytes;
    if (this.#partBytes <= maxBytes) return;
    const detail = `A line may have at most ${maxBytes} bytes (4 times MAX_EVENT_BYTES)`;
    throw new RefusedError(refuse("size", detail), this.#line + 1);
  }

  /** Takes whole lines at once, which is faster; one by one if one of them is not UTF-8. */
  #takeLines(bytes: Uint8Array): void {
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch {
      return this.#takeEachLine(bytes);
    }
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#takeLine(text.slice(start, end));
      start = end + 1;
    }
    this.#takeLine(text.slice(start));
  }

  #takeEachLine(bytes: Uint8Array): void {
    for (let start = 0; start <= bytes.length;) {
      const lf = bytes.indexOf(LF, start);
      const end = lf < 0 ? bytes.length : lf;
      this.#takeLine(this.#decodeLine(bytes.subarray(start, end)));
      start = end + 1;
    }
  }

  #decodeLine(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes);
    } catch {
      throw new RefusedError(refuse("body", "A line must be valid UTF-8"), this.#line + 1);
    }
  }

  #takeLine(text: string): void {
    const line = ++this.#line;
    const { maxEventBytes } = this.#options;
    const json = line === 1 && text.startsWith("\ufeff") ? text.slice(1) : text;
    if (SPACE.test(json)) return;
    const addressed = this.#address(parse(json));
    if (addressed instanceof Response) throw new RefusedError(addressed, line);
    const { stream, fields } = addressed;
    const event = parseEvent(fields);
    if (typeof event === "string") throw new RefusedError(refuse("event", event), line);
    if (isLonger(event, maxEventBytes)) {
      const detail = `An event may have at most ${maxEventBytes} bytes of text (MAX_EVENT_BYTES)`;
      throw new RefusedError(refuse("size", detail), line);
    }
    this.#queue.add(stream, event, line);
  }

  /** Finds the stream of a line, and the fields of its event. */
  #address(item: unknown): Addressed | Response {
    if (item instanceof Response) return item;
    if (this.#options.stream !== undefined) return { stream: this.#options.stream, fields: item };
    return addressOf(item);
  }
}

const LF = 0x0a;
const SPACE = /^[ \t\r]*$/;
// A byte order mark is dropped in the first line only.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parses a line, or refuses it. */
function parse(json: string): unknown {
  try {
    return parseExactJson(json);
  } catch (error) {
    if (error instanceof RangeError) return refuse("event", TOO_DEEP);
    return refuse("body", describeJson(json));
  }
}

const TOO_DEEP = '"data" is nested too deep';

function describeJson(text: string): string {
  const fault = findJsonFault(text);
  if (!fault) return "The line is not valid JSON";
  const found = fault.found === undefined ? "the end of the line" : JSON.stringify(fault.found);
  return `The line is not valid JSON at column ${fault.column}: expected ${fault.expected}, found ${found}`;
}
