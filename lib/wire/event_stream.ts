/**
 * The per-connection shape: one client and one source of events. The response ends as soon as either is
 * done. For streams that many clients share, see `hub.ts`.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "./check_options.ts";
import { checkEnding, type Ending } from "./ending.ts";
import { encodeEvent, type ServerSentEvent } from "./event.ts";
import {
  closeOnAbort,
  type ConnectionEnd,
  EventResponse,
  withStreamHeaders,
} from "./event_response.ts";
import { type EventWriter, ResponseWriter } from "./event_writer.ts";
import { watch } from "./liveness.ts";
import { DURATION, RETRY } from "./number_option.ts";
import { reportTo } from "./report.ts";

/** A function that a callback source may return. It is called once, when the connection has ended. */
export type CleanUp = () => unknown;

/**
 * The source of a connection's events: a callback that writes at any time, or an async iterable that is
 * asked for its next event when the client has taken the last one. A string is an event's `data`.
 */
export type EventStreamSource =
  | ((writer: EventWriter) => void | CleanUp | Promise<void | CleanUp>)
  | AsyncIterable<ServerSentEvent | string>;

/** Options of {@linkcode eventStream}. */
export interface EventStreamOptions {
  /**
   * How long the client waits before it reconnects, in milliseconds. Sent as the first bytes.
   *
   * @default {2_000}
   */
  readonly retryMs?: number;
  /**
   * The most bytes that may wait for the client. An event that would exceed this limit ends the
   * connection, reason `slow`. If no bytes wait, an event of any size is sent.
   *
   * @default {1_048_576}
   */
  readonly maxWaitingBytes?: number;
  /**
   * The longest silence before the client is sent a heartbeat, in milliseconds. 0 is off.
   *
   * @default {15_000}
   */
  readonly heartbeatMs?: number;
  /**
   * How long bytes may wait for a client that takes none, in milliseconds. At most a second later the
   * connection ends, reason `stalled`. 0 is off.
   *
   * @default {60_000}
   */
  readonly stallMs?: number;
  /** Headers to add to the response, or to replace its own. */
  readonly headers?: NonNullable<ResponseInit["headers"]>;
  /** Ends the connection, reason `closed`, when the signal is aborted. */
  readonly signal?: AbortSignal;
  /**
   * How long the connection may last, in milliseconds by the wall clock: time in which the machine is
   * suspended counts. At most a second before, the client gets an event `expired` and the connection
   * ends, reason `expired`.
   *
   * @default {Infinity}
   */
  readonly expiresInMs?: number;
  /**
   * How the connection ends if its client is to reconnect: after `slow`, `stalled`, `failed`, `expired` or
   * `closed`. The client gets an event `goaway` or `expired` before such an end, unless the source
   * failed. The end of an iterable and `writer.close()` always close the body.
   *
   * @default {"close"}
   */
  readonly ending?: Ending;
  /**
   * Called once with each error of the source, its clean-up or `onEnd`, thrown or rejected. The client
   * does not see the error. By default, the error is one line on the console.
   */
  readonly onError?: (error: unknown) => void;
  /** Called once, after the clean-up, for every reason of the connection's end. */
  readonly onEnd?: (end: ConnectionEnd) => void;
}

/**
 * Opens an event stream for one client.
 *
 * With a callback, the response stays open until the client leaves or `writer.close()` is called. With an
 * iterable, the response ends with the iterable; if the client leaves first, the iterator's `return()` is
 * called. A source that throws ends the response, reason `failed`.
 *
 * @throws {TypeError} If the source is neither a function nor an async iterable, if an option is unknown,
 * or if `headers` has a name or value that can't be a header's.
 * @throws {RangeError} If an option is out of range.
 *
 * @example A clock
 * ```ts
 * import { eventStream } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * const response = eventStream((writer) => {
 *   writer.every(10, () => "tick");
 * });
 * const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
 * assertEquals((await reader.read()).value, "retry: 2000\n");
 * assertEquals((await reader.read()).value, "data: tick\n\n");
 * await reader.cancel(); // the client leaves, and the interval is cleared
 * ```
 *
 * @example An answer, written as fast as the client reads it
 * ```ts
 * import { eventStream } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * async function* answer() {
 *   yield "Hello";
 *   yield { event: "done", data: "" };
 * }
 * assertEquals(
 *   await eventStream(answer()).text(),
 *   "retry: 2000\ndata: Hello\n\nevent: done\ndata: \n\n",
 * );
 * ```
 */
export function eventStream(
  source: EventStreamSource,
  options: EventStreamOptions = {},
): Response {
  const { retryMs = 2_000, maxWaitingBytes = 1_048_576, expiresInMs = Infinity } = options;
  const { ending = "close" } = options;
  const { heartbeatMs = 15_000, stallMs = 60_000, headers, signal, onError, onEnd } = options;
  const isCallback = typeof source === "function";
  if (!isCallback && typeof source?.[Symbol.asyncIterator] !== "function") {
    throw new TypeError(
      "Cannot open event stream: the source is neither a function nor an async iterable",
    );
  }
  checkOptions("open event stream", options, RULES);
  checkEnding("open event stream", ending);
  const allHeaders = withStreamHeaders(headers);
  const first = encoder.encode(encodeEvent({ retry: retryMs }));
  const response = new EventResponse(first, {
    report: reportTo(onError),
    ending,
    retryMs,
    isServedElsewhere: false,
  });
  if (onEnd) response.onEnd(onEnd);
  response.onEnd(watch(response, { heartbeatMs, stallMs }, Date.now() + expiresInMs));
  const writer = new ResponseWriter(response, maxWaitingBytes);
  if (isCallback) runCallback(source, writer, response);
  else pullIterable(source, writer, response);
  if (signal) closeOnAbort(response, signal);
  return response.respond(allHeaders);
}

const RULES: OptionRules<EventStreamOptions> = {
  retryMs: RETRY,
  maxWaitingBytes: { above: 0 },
  heartbeatMs: DURATION,
  stallMs: DURATION,
  headers: ANY,
  signal: ANY,
  expiresInMs: {},
  ending: ANY,
  onError: ANY,
  onEnd: ANY,
};
const encoder = new TextEncoder();

async function runCallback(
  source: (writer: EventWriter) => void | CleanUp | Promise<void | CleanUp>,
  writer: EventWriter,
  response: EventResponse,
): Promise<void> {
  try {
    const cleanUp = await source(writer);
    if (cleanUp) response.onEnd(cleanUp);
  } catch (error) {
    response.fail(error);
  }
}

// Calls next() and return() itself, because a `for await` can't leave a next() that never settles.
function pullIterable(
  source: AsyncIterable<ServerSentEvent | string>,
  writer: EventWriter,
  response: EventResponse,
): void {
  let iterator: AsyncIterator<ServerSentEvent | string>;
  let isDone = false;
  const next = async () => {
    try {
      return await iterator.next();
    } catch (error) {
      // As in a `for await`, return() is not called on an iterator that has thrown.
      isDone = true;
      throw error;
    }
  };
  const pull = async () => {
    const { done, value } = await next();
    isDone = done === true;
    if (isDone) writer.close();
    else writer.send(value);
    response.pullWith(pull);
  };
  try {
    iterator = source[Symbol.asyncIterator]();
  } catch (error) {
    return response.fail(error);
  }
  response.pullWith(pull);
  response.onEnd(() => isDone ? undefined : iterator.return?.());
}
