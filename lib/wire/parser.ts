/**
 * `text/event-stream` bytes back into events: the mirror of `event.ts`. Parses only; connecting and
 * reconnecting are the caller's.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "./check_options.ts";

/** An event as a client's listener would see it. */
export interface ParsedEvent {
  /** The event's type; `message` where the stream named none. */
  readonly event: string;
  /** The `data` lines, joined by LF. */
  readonly data: string;
  /** The newest `id` so far, of this event or an earlier one; `""` where there was none. */
  readonly lastEventId: string;
}

/** Options of {@linkcode EventParserStream}. */
export interface EventParserOptions {
  /** Called with each valid `retry`, in milliseconds. */
  readonly onRetry?: (retryMs: number) => void;
  /** Called with the text of each comment line, heartbeats (`""`) included. */
  readonly onComment?: (comment: string) => void;
  /**
   * The most bytes that one unfinished event may hold; beyond it the stream errors with a
   * `RangeError`, so that no sender can fill the memory.
   *
   * @default {16_777_216}
   */
  readonly maxEventBytes?: number;
}

/**
 * Parses a byte stream, cut anywhere, into events.
 *
 * An event that the stream's end leaves unfinished is dropped, as the standard asks. Takes time
 * linear in the bytes, however they are cut.
 *
 * @example
 * ```ts
 * import { EventParserStream } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * const response = new Response("event: price\nid: 7\ndata: EUR\ndata: 1.08\n\n");
 * for await (const event of response.body!.pipeThrough(new EventParserStream())) {
 *   assertEquals(event, { event: "price", data: "EUR\n1.08", lastEventId: "7" });
 * }
 * ```
 */
export class EventParserStream extends TransformStream<Uint8Array, ParsedEvent> {
  /**
   * Makes a parser for one stream.
   *
   * @throws {TypeError} If there is no such option.
   * @throws {RangeError} If `maxEventBytes` is not above 0.
   */
  constructor(options: EventParserOptions = {}) {
    checkOptions("create parser", options, RULES);
    const { maxEventBytes = 16_777_216 } = options;
    let parser: Parser;
    super({
      start: (controller) => {
        parser = new Parser({ ...options, maxEventBytes }, (event) => controller.enqueue(event));
      },
      transform: (chunk) => parser.push(chunk),
    });
  }
}

const RULES: OptionRules<EventParserOptions> = {
  onRetry: ANY,
  onComment: ANY,
  maxEventBytes: { above: 0 },
};
const LF = 0x0a;
const CR = 0x0d;

/** The bytes as lines, and the lines as fields. */
class Parser {
  readonly #options: EventParserOptions & { readonly maxEventBytes: number };
  readonly #dispatch: (event: ParsedEvent) => void;
  // A byte order mark counts only at the very beginning, so the decoder, used once a line, keeps it.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #line = "";
  #lineBytes = 0;
  #isFirstLine = true;
  #endedWithCr = false;
  #data: string[] = [];
  #dataBytes = 0;
  #event = "";
  #lastEventId = "";

  constructor(
    options: EventParserOptions & { readonly maxEventBytes: number },
    dispatch: (event: ParsedEvent) => void,
  ) {
    this.#options = options;
    this.#dispatch = dispatch;
  }

  push(chunk: Uint8Array): void {
    let start = this.#endedWithCr && chunk[0] === LF ? 1 : 0;
    if (chunk.length > 0) this.#endedWithCr = false;
    let lf = chunk.indexOf(LF, start);
    let cr = chunk.indexOf(CR, start);
    while (lf !== -1 || cr !== -1) {
      const end = cr === -1 || (lf !== -1 && lf < cr) ? lf : cr;
      this.#takeLine(chunk.subarray(start, end));
      start = end + 1;
      if (end === cr && start === chunk.length) this.#endedWithCr = true;
      if (end === cr && start === lf) start++;
      if (lf !== -1 && lf < start) lf = chunk.indexOf(LF, start);
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CR, start);
    }
    if (start < chunk.length) this.#takePart(chunk.subarray(start));
  }

  #takePart(bytes: Uint8Array): void {
    this.#count(bytes.length);
    this.#line += this.#decoder.decode(bytes, { stream: true });
  }

  #takeLine(bytes: Uint8Array): void {
    this.#count(bytes.length);
    let line = this.#line + this.#decoder.decode(bytes);
    const lineBytes = this.#lineBytes;
    this.#line = "";
    this.#lineBytes = 0;
    if (this.#isFirstLine && line.startsWith("\ufeff")) line = line.slice(1);
    this.#isFirstLine = false;
    if (line === "") return this.#endEvent();
    const colon = line.indexOf(":");
    if (colon === 0) return this.#options.onComment?.(withoutSpace(line, 1));
    if (colon === -1) this.#takeField(line, "", lineBytes);
    else this.#takeField(line.slice(0, colon), withoutSpace(line, colon + 1), lineBytes);
  }

  #takeField(name: string, value: string, lineBytes: number): void {
    switch (name) {
      case "data":
        this.#data.push(value);
        this.#dataBytes += lineBytes;
        break;
      case "event":
        this.#event = value;
        break;
      case "id":
        if (!value.includes("\0")) this.#lastEventId = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value) && Number.isSafeInteger(Number(value))) {
          this.#options.onRetry?.(Number(value));
        }
        break;
    }
  }

  #endEvent(): void {
    const event = this.#event || "message";
    const data = this.#data;
    this.#event = "";
    this.#data = [];
    this.#dataBytes = 0;
    if (data.length === 0) return;
    this.#dispatch({ event, data: data.join("\n"), lastEventId: this.#lastEventId });
  }

  #count(bytes: number): void {
    this.#lineBytes += bytes;
    const { maxEventBytes } = this.#options;
    if (this.#dataBytes + this.#lineBytes > maxEventBytes) {
      throw new RangeError(`Cannot parse event: it has more than ${maxEventBytes} bytes`);
    }
  }
}

function withoutSpace(line: string, start: number): string {
  return line.slice(line[start] === " " ? start + 1 : start);
}
