/**
 * What a source writes one client's events with.
 *
 * @module
 */

import { encodeComment, encodeEvent, type ServerSentEvent } from "./event.ts";
import type { EventResponse } from "./event_response.ts";
import { checkNumbers, MAX_TIMER_MS } from "./number_option.ts";
import { guard, isPromise } from "./report.ts";

/** Writes to one client; a source gets it from {@linkcode eventStream}. */
export interface EventWriter {
  /** Whether the connection has ended; what is sent from then on goes nowhere. */
  readonly isClosed: boolean;
  /**
   * Resolves when nothing waits for the client, or the connection has ended; a source that sends much
   * awaits it between two events.
   */
  readonly ready: Promise<void>;
  /**
   * Sends an event, or a string as an event's data.
   *
   * @returns Whether the client keeps up: `false` while bytes wait for it, and once the connection
   * has ended.
   * @throws {TypeError | RangeError} If the event can't be encoded, as `encodeEvent()` says.
   */
  send(event: ServerSentEvent | string): boolean;
  /** Sends a comment, which no listener sees. Returns what {@linkcode EventWriter.send} would. */
  comment(text: string): boolean;
  /**
   * Sends what `make` returns every `ms` milliseconds, first after `ms`, until the connection ends.
   *
   * A beat at which bytes wait for the client is skipped, and `make` is not called. If `make`
   * throws, the connection ends, reason `failed`.
   *
   * @throws {RangeError} If `ms` is not above 0 and at most 2 147 483 647, a timer's limit.
   */
  every(ms: number, make: () => ServerSentEvent | string): void;
  /** Ends the connection once the client has taken what waits. May be called twice. */
  close(): void;
  /**
   * Ends the connection, reason `closed`, and has the client come back in 5 to 15 seconds, at a moment
   * of its own: for a server that stops.
   */
  sendAway(): void;
}

/** The {@linkcode EventWriter} of an open response. */
export class ResponseWriter implements EventWriter {
  readonly #response: EventResponse;
  readonly #maxWaitingBytes: number;
  #ready: PromiseWithResolvers<void> | undefined;

  /**
   * Begins with nothing sent.
   *
   * @param maxWaitingBytes The most bytes that may wait; an event that would exceed them ends the
   * response, unless nothing else waits.
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
    // All who ask before the next pull wait for the same one.
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
    this.#response.end("ended");
  }

  sendAway(): void {
    this.#response.sendAway();
  }

  #write(text: string, events: number): boolean {
    const bytes = encoder.encode(text);
    const waitingBytes = this.#response.waitingBytes;
    if (waitingBytes > 0 && waitingBytes + bytes.length > this.#maxWaitingBytes) {
      this.#response.end("slow");
    }
    this.#response.enqueue(bytes, events);
    return !this.isClosed && this.#response.waitingBytes === 0;
  }
}

const encoder = new TextEncoder();

// Beats would overtake each other; and nobody would wait for what it rejects with.
function refusePromise(): never {
  throw new TypeError("Cannot send event: make() must return an event, got a promise");
}
