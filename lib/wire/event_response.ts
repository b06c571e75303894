/**
 * An open `text/event-stream` response: its bytes, its waiting bytes, and its one end. What is sent and
 * when is decided by its two users, `event_stream.ts` and the hub.
 *
 * @module
 */

import { encodeExpired, encodeGoaway, type GoawayReason } from "./control_events.ts";
import { encodeEvent } from "./event.ts";
import { CutConnection, type Ending, type GoawayRetry, goawayRetryMs } from "./ending.ts";
import { isPromise, type Report } from "./report.ts";

/**
 * Why a connection ended.
 *
 * - `left`: the client disconnected.
 * - `ended`: the source is done, or all streams have ended and the client has every event.
 * - `slow`: the client fell behind by more bytes or events than are kept for it.
 * - `failed`: a callback of the application threw, or sending failed.
 * - `closed`: the application closed the connection.
 * - `expired`: the connection's time is over: see `expiresInMs`.
 * - `stalled`: the client took no waiting bytes for too long: see `stallMs`.
 */
export type EndReason = "left" | "ended" | "slow" | "failed" | "closed" | "expired" | "stalled";

/** Why a connection ended, and what was sent through it. */
export interface ConnectionEnd {
  /** Why the connection ended. */
  readonly reason: EndReason;
  /** Events handed to the runtime for this client. */
  readonly events: number;
  /** Bytes handed to the runtime for this client, first bytes and heartbeats included. */
  readonly bytes: number;
  /** How long the connection was open, in milliseconds. */
  readonly durationMs: number;
  /**
   * The id through which the client was sent everything. The client may have taken less. Only of a
   * subscriber of a hub.
   */
  readonly lastId?: string;
}

/**
 * The headers of every event stream. Caches don't store it, proxies don't transform it, and nginx does
 * not buffer it. The charset is for clients that default to Latin-1, such as Python's requests.
 */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** The headers of an event stream, as `new Response()` takes them. */
export type StreamHeaders = Headers | Readonly<Record<string, string>>;

/**
 * Returns the headers of an event stream, with an application's headers added or replacing them.
 *
 * @throws {TypeError} If a name or value can't be a header's. Call it before anything is opened.
 */
export function withStreamHeaders(headers: ResponseInit["headers"]): StreamHeaders {
  if (headers === undefined) return eventStreamHeaders;
  const all = new Headers(eventStreamHeaders);
  for (const [name, value] of new Headers(headers)) all.set(name, value);
  return all;
}

/** The most bytes that a client is sent at once. A single event may exceed this limit. */
export const MAX_CHUNK_BYTES = 65_536;

/** The settings of an {@linkcode EventResponse}. Responses may share one object. */
export interface EventResponseSettings extends GoawayRetry {
  /** Gets the errors of clean-ups and pulls, and errors given to `fail()`. */
  readonly report: Report;
  /** How the response ends if its client is to reconnect. */
  readonly ending: Ending;
  /** Whether control events are left out: then the response ends without `goaway` and `expired`. */
  readonly omitsControl?: boolean;
}

/** What a response is sent after a silence. */
export interface Heartbeat {
  /** Whether a heartbeat must be sent in time even without a silence. */
  readonly isDue: boolean;
  /** Returns the bytes to send now, and how many events they hold. */
  take(): { readonly bytes: Uint8Array; readonly events: number };
}

/** An open response. It ends once, for the reason that comes first. */
export class EventResponse {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #settings: EventResponseSettings;
  readonly #openedMs = performance.now();
  // The newest first. Joined instead of pushed to: an array that grows reserves room for sixteen more.
  #cleanUps: readonly ((end: ConnectionEnd) => unknown)[] = [];
  #onPull: (() => void | Promise<void>) | undefined;
  #endPull: (() => void) | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #end: ConnectionEnd | undefined;
  #events = 0;
  #bytes = 0;
  #cutTimer: ReturnType<typeof setTimeout> | undefined;
  /** What the response is sent after a silence; by default a comment. */
  heartbeat: Heartbeat = COMMENT_HEARTBEAT;

  /** Opens the response with bytes that are sent at once, so that no proxy or client waits for an event. */
  constructor(first: Uint8Array, settings: EventResponseSettings) {
    this.#settings = settings;
    this.#body = new ReadableStream<Uint8Array>(this, { highWaterMark: 1, size: byteLength });
    // HTTP/1.1 ends a body with an empty chunk.
    if (first.length > 0) this.enqueue(first, 0);
  }

  /** Whether the response has ended. Bytes enqueued after the end are discarded. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Events handed to the runtime so far. */
  get events(): number {
    return this.#events;
  }

  /** Bytes handed to the runtime so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How long ago the response was opened, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#openedMs;
  }

  /** Bytes that the runtime has not taken yet. */
  get waitingBytes(): number {
    return 1 - (this.#controller.desiredSize ?? 1);
  }

  /** Makes the `Response`, with headers of {@linkcode withStreamHeaders}. Call it once. */
  respond(headers: StreamHeaders): Response {
    return new Response(this.#body, { headers });
  }

  /** Hands encoded bytes to the runtime. They hold `events` events. */
  enqueue(bytes: Uint8Array, events: number): void {
    if (this.#end) return;
    this.#events += events;
    this.#bytes += bytes.byteLength;
    this.#controller.enqueue(bytes);
  }

  /**
   * Calls `cleanUp` once when the response has ended; at once if it has already ended. Clean-ups run in
   * reverse order.
   */
  onEnd(cleanUp: (end: ConnectionEnd) => unknown): void {
    this.#cleanUps = [cleanUp].concat(this.#cleanUps);
    if (this.#end) this.#cleanUp(this.#end);
  }

  /**
   * Ends the response, reason `ended`. Waiting bytes are still sent. A second end has no effect.
   *
   * @param lastWords An event to send before the end.
   */
  end(lastWords?: Uint8Array): void {
    if (this.#end) return;
    if (lastWords) this.enqueue(lastWords, 1);
    this.#finish("ended");
    this.#controller.close();
  }

  /**
   * Sends an event `goaway` and ends the response, so that the client reconnects.
   *
   * @param retryMs How long the client waits before it reconnects, in milliseconds. By default the result
   * of {@linkcode goawayRetryMs}.
   */
  goAway(reason: GoawayReason, retryMs: number = goawayRetryMs(reason, this.#settings)): void {
    // A client without control events still waits as long as it should.
    const text = this.#settings.omitsControl
      ? encodeEvent({ retry: retryMs })
      : encodeGoaway(reason, retryMs);
    this.#breakOff(END_REASONS[reason] ?? "closed", encoder.encode(text));
  }

  /** Sends an event `expired` and ends the response, reason `expired`. */
  expire(): void {
    this.#breakOff("expired", this.#settings.omitsControl ? undefined : EXPIRED);
  }

  /** Ends the response, reason `failed`, and reports the error. The client does not see the error. */
  fail(error: unknown): void {
    this.#breakOff("failed");
    this.#settings.report(error);
  }

  /**
   * Calls `onPull` once, as soon as no bytes wait. If `onPull` returns a promise, the next such call
   * comes after the promise has settled.
   */
  pullWith(onPull: () => void | Promise<void>): void {
    this.#onPull = onPull;
    this.#endPull?.();
  }

  /** Called by the `ReadableStream`, with its controller. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /**
   * Called by the `ReadableStream` when no bytes wait. While nobody waits for a pull, the returned
   * promise stays pending: that saves the two microseconds a chunk that a new pull would cost.
   */
  pull(): void | Promise<void> {
    const onPull = this.#onPull;
    if (!onPull) return new Promise((resolve) => this.#endPull = resolve);
    this.#onPull = undefined;
    try {
      const pulled = onPull();
      if (!pulled) return this.#pullOn();
      return pulled.then(() => this.#pullOn(), (error) => this.fail(error));
    } catch (error) {
      // Rethrown, the error would error the `ReadableStream` without an end being recorded.
      this.fail(error);
    }
  }

  // The `ReadableStream` pulls again by itself only if something was enqueued.
  #pullOn(): void | Promise<void> {
    if (this.#onPull && this.waitingBytes === 0) return this.pull();
  }

  /** Called by the `ReadableStream` when the client has left. */
  async cancel(): Promise<void> {
    clearTimeout(this.#cutTimer);
    if (!this.#end) await this.#finish("left");
  }

  #breakOff(reason: EndReason, lastWords?: Uint8Array): void {
    if (this.#end) return;
    if (lastWords) this.enqueue(lastWords, this.#settings.omitsControl ? 0 : 1);
    this.#finish(reason);
    if (this.#settings.ending === "close") return this.#controller.close();
    const cutAfter = (ms: number) => {
      clearTimeout(this.#cutTimer);
      this.#cutTimer = setTimeout(() => this.#controller.error(new CutConnection(CUT)), ms);
    };
    cutAfter(MAX_CUT_MS);
    // Over HTTP/2 an error resets the stream, which drops bytes that the runtime took just before.
    this.pullWith(() => cutAfter(CUT_PAUSE_MS));
  }

  #finish(reason: EndReason): Promise<unknown> | undefined {
    const durationMs = this.ageMs;
    this.#end = { reason, events: this.#events, bytes: this.#bytes, durationMs };
    return this.#cleanUp(this.#end);
  }

  // All clean-ups run in this turn, even if some of them throw.
  #cleanUp(end: ConnectionEnd): Promise<unknown> | undefined {
    const { report } = this.#settings;
    const cleanUps = this.#cleanUps;
    this.#cleanUps = [];
    let waiting: PromiseLike<unknown>[] | undefined;
    for (const cleanUp of cleanUps) {
      try {
        const result = cleanUp(end);
        if (isPromise(result)) (waiting ??= []).push(result.then(undefined, report));
      } catch (error) {
        report(error);
      }
    }
    return waiting && Promise.all(waiting);
  }
}

/** Ends a response, reason `closed`, when a signal is aborted. After the end, no listener is left. */
export function closeOnAbort(response: EventResponse, signal: AbortSignal): void {
  const close = () => response.goAway("removed");
  signal.addEventListener("abort", close);
  response.onEnd(() => signal.removeEventListener("abort", close));
  if (signal.aborted) close();
}

const encoder = new TextEncoder();
const EXPIRED = encoder.encode(encodeExpired());
// fetch-event-source calls `onmessage` at every blank line, so the comment has none.
const HEARTBEAT = { bytes: encoder.encode(":\n"), events: 0 };
/** A heartbeat that is an empty comment. */
export const COMMENT_HEARTBEAT: Heartbeat = { isDue: false, take: () => HEARTBEAT };
const END_REASONS: { readonly [reason in GoawayReason]?: EndReason } = {
  slow: "slow",
  stalled: "stalled",
  failed: "failed",
};
const CUT = "The connection is cut so that its client reconnects";
const CUT_PAUSE_MS = 100;
const MAX_CUT_MS = 5_000;

function byteLength(chunk: Uint8Array): number {
  return chunk.byteLength;
}
