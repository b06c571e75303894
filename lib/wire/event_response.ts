/**
 * An open `text/event-stream` response: its bytes, what waits in it, and its one end. Both shapes
 * stand on it; what is sent, and when, is theirs (`event_stream.ts`, `audience.ts`).
 *
 * @module
 */

import { encodeExpired, encodeRetryLater } from "./control_events.ts";
import { isPromise, type Report } from "./report.ts";

/**
 * Why a connection ended.
 *
 * - `left`: the client went away.
 * - `ended`: there is nothing more to send.
 * - `slow`: more waited for the client than is kept for it.
 * - `failed`: a callback of the application threw, or the hub failed to send.
 * - `closed`: the application closed it.
 * - `expired`: it was allowed until now.
 * - `stalled`: the client took nothing for too long.
 */
export type EndReason = "left" | "ended" | "slow" | "failed" | "closed" | "expired" | "stalled";

/** What is known of a connection when it has ended. */
export interface ConnectionEnd {
  /** Why it ended. */
  readonly reason: EndReason;
  /** Events handed to the runtime for this client. */
  readonly events: number;
  /** Bytes handed to the runtime for this client, first bytes and heartbeats included. */
  readonly bytes: number;
  /** How long it was open, in milliseconds. */
  readonly durationMs: number;
}

/**
 * The headers of every event stream: not stored, not transformed, not buffered by nginx. The charset is
 * for clients that would read the text as Latin-1, as Python's requests does.
 */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/**
 * The headers of an event stream with those of an application added, or set in their place.
 *
 * @throws {TypeError} If a name or a value can't stand in a header. Call it before anything is opened.
 */
export function withStreamHeaders(headers: HeadersInit | undefined): HeadersInit {
  if (headers === undefined) return eventStreamHeaders;
  const all = new Headers(eventStreamHeaders);
  for (const [name, value] of new Headers(headers)) all.set(name, value);
  return all;
}

/**
 * Answers a client that can't be served now: come back in 5 to 15 seconds, each client at a moment
 * of its own. It is a 200, since an `EventSource` gives up for good on everything else.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model}
 */
export function retryLater(): Response {
  return new Response(encodeRetryLater(), { headers: eventStreamHeaders });
}

/** The most bytes that a client is sent at once, unless a single event has more. */
export const MAX_CHUNK_BYTES = 65_536;

/** A response that events are written to until it ends, for whichever reason comes first. */
export class EventResponse implements UnderlyingDefaultSource<Uint8Array> {
  readonly #body: ReadableStream<Uint8Array>;
  readonly #report: Report;
  readonly #openedMs = performance.now();
  // The newest first. An array that is pushed to would hold room for sixteen more.
  #cleanUps: readonly ((end: ConnectionEnd) => unknown)[] = [];
  #onPull: (() => void | Promise<void>) | undefined;
  #endPull: (() => void) | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #end: ConnectionEnd | undefined;
  #events = 0;
  #bytes = 0;

  /**
   * Opens it with the bytes that leave at once, so that no proxy and no client waits for an event.
   *
   * @param report Gets what a clean-up or a pull threw, and the error given to `fail()`.
   */
  constructor(first: Uint8Array, report: Report) {
    this.#report = report;
    this.#body = new ReadableStream<Uint8Array>(this, { highWaterMark: 1, size: byteLength });
    this.enqueue(first, 0);
  }

  /** Whether it has ended; what is enqueued from then on goes nowhere. */
  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Events handed over so far. */
  get events(): number {
    return this.#events;
  }

  /** Bytes handed over so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How long it has been open, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.#openedMs;
  }

  /** Bytes that the runtime has not taken yet. */
  get waitingBytes(): number {
    return 1 - (this.#controller.desiredSize ?? 1);
  }

  /** Makes the `Response`, once, with headers of {@linkcode withStreamHeaders}. */
  respond(headers: HeadersInit): Response {
    return new Response(this.#body, { headers });
  }

  /** Hands over encoded bytes that hold `events` events. */
  enqueue(bytes: Uint8Array, events: number): void {
    if (this.#end) return;
    this.#events += events;
    this.#bytes += bytes.byteLength;
    this.#controller.enqueue(bytes);
  }

  /** Has `cleanUp` run once when it has ended, the newest first; at once if it has ended already. */
  onEnd(cleanUp: (end: ConnectionEnd) => unknown): void {
    this.#cleanUps = [cleanUp, ...this.#cleanUps];
    if (this.#end) this.#cleanUp(this.#end);
  }

  /** Ends it once the client has taken what waits. The first reason counts; may be called twice. */
  end(reason: EndReason): void {
    if (this.#end) return;
    this.#finish(reason);
    this.#controller.close();
  }

  /** Ends it and has the client come back in 5 to 15 seconds, at a moment of its own. */
  sendAway(): void {
    this.enqueue(encoder.encode(encodeRetryLater()), 0);
    this.end("closed");
  }

  /** Ends it because its time is over, and says so. */
  expire(): void {
    this.enqueue(EXPIRED, 1);
    this.end("expired");
  }

  /** Ends it, if it is open, and reports the error; the client learns nothing of that. */
  fail(error: unknown): void {
    this.end("failed");
    this.#report(error);
  }

  /**
   * Has `onPull` called once, as soon as nothing waits; a promise it returns is awaited before the next
   * such call.
   */
  pullWith(onPull: () => void | Promise<void>): void {
    this.#onPull = onPull;
    this.#endPull?.();
  }

  /** The stream's own call, with its controller. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /**
   * The stream's own call: nothing waits. As long as nobody else waits for that, it goes on, and the
   * runtime spares two microseconds a chunk that asking again would cost.
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
      // Thrown on, it would error the stream behind this object's back.
      this.fail(error);
    }
  }

  // The stream calls again by itself only if something was enqueued.
  #pullOn(): void | Promise<void> {
    if (this.#onPull && this.waitingBytes === 0) return this.pull();
  }

  /** The stream's own call: the client has left. */
  async cancel(): Promise<void> {
    if (!this.#end) await this.#finish("left");
  }

  #finish(reason: EndReason): Promise<unknown> | undefined {
    const durationMs = this.ageMs;
    this.#end = { reason, events: this.#events, bytes: this.#bytes, durationMs };
    return this.#cleanUp(this.#end);
  }

  // Every clean-up runs in this turn, whatever another one throws.
  #cleanUp(end: ConnectionEnd): Promise<unknown> | undefined {
    const cleanUps = this.#cleanUps;
    this.#cleanUps = [];
    let waiting: PromiseLike<unknown>[] | undefined;
    for (const cleanUp of cleanUps) {
      try {
        const result = cleanUp(end);
        if (isPromise(result)) (waiting ??= []).push(result.then(undefined, this.#report));
      } catch (error) {
        this.#report(error);
      }
    }
    return waiting && Promise.all(waiting);
  }
}

/** Ends a response, reason `closed`, when a signal is aborted; the signal holds nothing of it after its end. */
export function closeOnAbort(response: EventResponse, signal: AbortSignal): void {
  const close = () => response.end("closed");
  signal.addEventListener("abort", close);
  response.onEnd(() => signal.removeEventListener("abort", close));
  if (signal.aborted) close();
}

const encoder = new TextEncoder();
const EXPIRED = encoder.encode(encodeExpired());

function byteLength(chunk: Uint8Array): number {
  return chunk.byteLength;
}
