/**
 * Parses the bytes of an event stream, which are pushed in pieces: lines, fields, events.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @module
 */

/** An event, as a client's listener gets it. */
export interface ParsedEvent {
  /** The event's type; `message` for an event without a type. */
  readonly event: string;
  /** The `data` lines, joined by LF. */
  readonly data: string;
  /**
   * The last `id` of the stream so far, of this event or an earlier event; `""` before the first `id`.
   */
  readonly lastEventId: string;
}

/** Options of an `EventParserStream`. */
export interface EventParserOptions {
  /** Called with each valid `retry`, in milliseconds. */
  readonly onRetry?: (retryMs: number) => void;
  /** Called with the text of each comment line. A heartbeat of a hub is a comment with the text `""`. */
  readonly onComment?: (comment: string) => void;
  /**
   * The most bytes that the parser holds for one event: the `data` lines and the unfinished line. If an
   * event has more, the stream errors with a `RangeError`, so that no sender can fill the memory.
   *
   * @default {16_777_216}
   */
  readonly maxEventBytes?: number;
}

/** Gets each whole event, and the `id` of its own block; `undefined` if the block has none. */
export type OnEvent = (event: ParsedEvent, ownId: string | undefined) => void;

const LF = 0x0a;
const CR = 0x0d;

/** Parses one event stream. Parsing takes linear time, whatever the sizes of the pieces. */
export class EventParser {
  readonly #options: EventParserOptions & { readonly maxEventBytes: number };
  readonly #dispatch: OnEvent;
  // The decoder is used for each line, and a byte order mark is removed only at the start of the stream.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #line = "";
  #lineBytes = 0;
  #isFirstLine = true;
  #endedWithCr = false;
  #data: string[] = [];
  #dataBytes = 0;
  #event = "";
  #lastEventId = "";
  #ownId: string | undefined;

  /** Begins before the first byte. */
  constructor(
    options: EventParserOptions & { readonly maxEventBytes: number },
    dispatch: OnEvent,
  ) {
    this.#options = options;
    this.#dispatch = dispatch;
  }

  /** Whether an event, or a line, has begun and is not finished. */
  get isWithinEvent(): boolean {
    return this.#lineBytes > 0 || this.#data.length > 0 || this.#event !== "" ||
      this.#ownId !== undefined;
  }

  /**
   * Takes the next bytes.
   *
   * @throws {RangeError} If an event has more than `maxEventBytes`.
   */
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
        if (!value.includes("\0")) this.#lastEventId = this.#ownId = value;
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
    const ownId = this.#ownId;
    this.#event = "";
    this.#ownId = undefined;
    this.#data = [];
    this.#dataBytes = 0;
    if (data.length === 0) return;
    this.#dispatch({ event, data: data.join("\n"), lastEventId: this.#lastEventId }, ownId);
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
