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

/** What a parser may be told. */
export interface EventParserSettings extends EventParserOptions {
  /** Called with the last id at the end of a block without data, which is no event. */
  readonly onId?: (lastEventId: string) => void;
  /** The last id of an earlier connection. By default `""`. */
  readonly lastEventId?: string;
}

/** Parses one event stream. Parsing takes linear time, whatever the sizes of the pieces. */
export interface EventParser {
  /**
   * Takes the next bytes.
   *
   * @throws {RangeError} If an event has more bytes than `maxEventBytes`.
   */
  readonly push: (chunk: Uint8Array) => void;
  /** Whether an event, or a line, has begun and is not finished. */
  readonly isWithinEvent: () => boolean;
}

/** Makes a parser for one stream. It is made of functions, which minify well: pages load them. */
export function createEventParser(
  dispatch: OnEvent,
  settings: EventParserSettings = {},
): EventParser {
  const { onRetry, onComment, onId, maxEventBytes = 16_777_216 } = settings;
  // The decoder is used for each line, and a byte order mark is removed only at the start of the stream.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let line = "";
  let lineBytes = 0;
  let byteOrderMark: string | RegExp = /^\ufeff/;
  let endedWithCr = false;
  let data: string[] = [];
  let dataBytes = 0;
  let event = "";
  let lastEventId = settings.lastEventId ?? "";
  let ownId: string | undefined;

  function decode(bytes: Uint8Array, options?: TextDecodeOptions): void {
    lineBytes += bytes.length;
    if (dataBytes + lineBytes > maxEventBytes) {
      throw new RangeError(`Cannot parse event: it has more than ${maxEventBytes} bytes`);
    }
    line += decoder.decode(bytes, options);
  }

  function takeLine(): void {
    line = line.replace(byteOrderMark, "");
    const colon = line.indexOf(":") + 1 || line.length + 1;
    const name = line.slice(0, colon - 1);
    const value = line.slice(line[colon] === " " ? colon + 1 : colon);
    if (!line) endEvent();
    else if (name === "data") {
      data.push(value);
      dataBytes += lineBytes;
    } else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) lastEventId = ownId = value;
    else if (!name) onComment?.(value);
    else if (name === "retry" && /^\d+$/.test(value) && +value < 2 ** 53) {
      onRetry?.(+value);
    }
    byteOrderMark = "";
    line = "";
    lineBytes = 0;
  }

  function endEvent(): void {
    const ended = { event: event || "message", data: data.join("\n"), lastEventId };
    const id = ownId;
    const lines = data.length;
    event = "";
    data = [];
    dataBytes = 0;
    ownId = undefined;
    if (lines) dispatch(ended, id);
    else onId?.(lastEventId);
  }

  function push(chunk: Uint8Array): void {
    let start = 0;
    // The runtime finds a byte several times as fast as a loop does.
    const after = (byte: number) => chunk.indexOf(byte, start) + 1 || Infinity;
    let lf = after(LF);
    let cr = after(CR);
    for (let end; (end = Math.min(lf, cr)) < Infinity;) {
      // The second half of a CRLF ends no line of its own.
      if (!endedWithCr || lf > start + 1) {
        decode(chunk.subarray(start, end - 1));
        takeLine();
      }
      start = end;
      endedWithCr = end === cr;
      if (endedWithCr) cr = after(CR);
      else lf = after(LF);
    }
    endedWithCr &&= start === chunk.length;
    decode(chunk.subarray(start), { stream: true });
  }

  const isWithinEvent = () => !!(lineBytes || data.length || event || ownId);
  return { push, isWithinEvent };
}

const LF = 0x0a;
const CR = 0x0d;
