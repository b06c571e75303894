/**
 * The writer of one client's events.
 *
 * @module
 */

import { encodeComment, encodeEvent, type ServerSentEvent } from "./event.ts";
import type { EventResponse } from "./event_response.ts";
import { checkNumbers, MAX_TIMER_MS } from "./number_option.ts";
import { guard, isPromise } from "./report.ts";

/** Writes events to one client. {@linkcode eventStream} passes the writer to a callback source. */
export interface EventWriter {
  /** Whether the connection has ended. Events sent after the end are discarded. */
  readonly isClosed: boolean;
  /**
   * Resolves when no bytes wait for the client, or the connection has ended. A source that sends many
   * events awaits it between them.
   */
  readonly ready: Promise<void>;
  /**
   * Sends an event, or a string as an event's `data`.
   *
   * @returns Whether the client keeps up: `false` if bytes wait for the client or the connection has
   * ended.
   * @throws {TypeError | RangeError} If `encodeEvent()` would throw.
   */
  send(event: ServerSentEvent | string): boolean;
  /** Sends a comment, which no listener sees. Returns the same as {@linkcode EventWriter.send}. */
  comment(text: string): boolean;
  /**
   * Calls `make` every `ms` milliseconds and sends the event that it returns, until the connection ends.
   * The first call is after `ms`.
   *
   * While bytes wait for the client, the interval is skipped: `make` is not called. If `make` throws, the
   * connection ends, reason `failed`.
   *
   * @throws {RangeError} If `ms` is not above 0 and at most 2 147 483 647, the limit of a timer.
   */
  every(ms: number, make: () => ServerSentEvent | string): void;
  /** Ends the connection, reason `ended`. Waiting bytes are still sent. May be called twice. */
  close(): void;
  /**
   * Sends an event `goaway` and ends the connection, reason `closed`. For a server that stops.
   *
   * @param retryMs How long the client waits before it reconnects, in milliseconds. By default a random
   * time of 5 to 15 seconds.
   */
  sendAway(retryMs?: number): void;
}

/** The {@linkcode EventWriter} of an open response. */
export class ResponseWriter implements EventWriter {
  readonly #response: EventResponse;
  readonly #maxWaitingBytes: number;
  #ready: PromiseWithResolvers<void> | undefined;

  /**
   * Makes the writer of a response.
   *
   * @param maxWaitingBytes See `EventStreamOptions.maxWaitingBytes`.
   */
  constructor(response: EventResponse, maxWaitingBytes: number) {
    this.#response = response;
    this.#maxWaitingBytes = maxWaitingBytes;
    response.onEnd(() => this.#ready?.resolve());
  }

  get isClosed(): boolean {
    return this.#response.isEnded;
  }

  get ready(): Promise<void> {
    if (this.isClosed || this.#response.waitingBytes === 0) return Promise.resolve();
    // All callers before the next pull get the same promise.
    this.#ready ??= Promise.withResolvers();
    this.#response.pullWith(() => {
      this.#ready?.resolve();
      this.#ready = undefined;
    });
    return this.#ready.promise;
  }

  send(event: ServerSentEvent | string): boolean {
    return this.#write(encodeEvent(typeof event === "string" ? { data: event } : event), 1);
  }

  comment(text: string): boolean {
    return this.#write(encodeComment(text), 0);
  }

  every(ms: number, make: () => ServerSentEvent | string): void {
    checkNumbers("start interval", { ms }, { ms: { above: 0, max: MAX_TIMER_MS } });
    const beat = () => {
      if (this.#response.waitingBytes > 0) return undefined;
      const event: unknown = make();
      return isPromise(event) ? event.then(refusePromise) : this.send(event as ServerSentEvent);
    };
    const fail = (error: unknown) => this.#response.fail(error);
    const timer = setInterval(() => guard(fail, beat), ms);
    this.#response.onEnd(() => clearInterval(timer));
  }

  close(): void {
    this.#response.end();
  }

  sendAway(retryMs?: number): void {
    this.#response.goAway("draining", retryMs);
  }

  #write(text: string, events: number): boolean {
    const bytes = encoder.encode(text);
    const waitingBytes = this.#response.waitingBytes;
    if (waitingBytes > 0 && waitingBytes + bytes.length > this.#maxWaitingBytes) {
      this.#response.goAway("slow");
    }
    this.#response.enqueue(bytes, events);
    return !this.isClosed && this.#response.waitingBytes === 0;
  }
}

const encoder = new TextEncoder();

// Refused, because asynchronous events could overtake each other.
function refusePromise(): never {
  throw new TypeError("Cannot send event: make() must return an event, got a promise");
}
