/**
 * A client for tests. It reads a response's events one by one, as the test asks for them.
 *
 * @module
 */

import { CutConnection } from "../lib/wire/ending.ts";
import type { EventResponseSettings } from "../lib/wire/event_response.ts";
import { EventParserStream, type ParsedEvent } from "../lib/wire/parser.ts";

/** Reads the events of one response. */
export class Client implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<ParsedEvent>;
  readonly #piped: Promise<unknown>;

  /** Takes over a response's body. */
  constructor(response: Response) {
    const parser = new EventParserStream();
    this.#reader = parser.readable.getReader();
    this.#piped = Promise.allSettled([response.body!.pipeTo(parser.writable)]);
  }

  /** The next event; `undefined` if the response has ended or was cut. */
  async next(): Promise<ParsedEvent | undefined> {
    try {
      return (await this.#reader.read()).value;
    } catch (error) {
      if (!(error instanceof CutConnection)) throw error;
      return undefined;
    }
  }

  /** The next `count` events, fewer at the end. */
  async take(count: number): Promise<ParsedEvent[]> {
    const events: ParsedEvent[] = [];
    while (events.length < count) {
      const event = await this.next();
      if (!event) break;
      events.push(event);
    }
    return events;
  }

  /** The data of the next `count` events of any type. */
  async data(count: number): Promise<string[]> {
    return (await this.take(count)).map(({ data }) => data);
  }

  /** All events to the end. */
  rest(): Promise<ParsedEvent[]> {
    return this.take(Infinity);
  }

  /** Disconnects, as a closed tab does. May be called twice. */
  async leave(): Promise<void> {
    // Cancelling a response that was cut rejects.
    await Promise.allSettled([this.#reader.cancel()]);
    await this.#piped;
  }

  /** Disconnects. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}

/** A request for streams, as the `EventSource` of a browser makes it. */
export function subscription(query: string, lastEventId?: string): Request {
  const headers = new Headers({ accept: "text/event-stream", "cache-control": "no-cache" });
  if (lastEventId !== undefined) headers.set("last-event-id", lastEventId);
  return new Request(`http://localhost/sse?${query}`, { headers });
}

/** Settings of an `EventResponse` without a hub. */
export const RESPONSE_SETTINGS: EventResponseSettings = {
  report: reportError,
  ending: "close",
  retryMs: 2_000,
  isServedElsewhere: false,
};
