/**
 * A client that reconnects with its last id whenever its connection ends. It works like an `EventSource`,
 * but does not wait before it reconnects.
 *
 * @module
 */

import { EventParserStream } from "../../lib/wire/parser.ts";
import { subscription } from "../client.ts";
import { soon } from "../wait.ts";

/** An event that a client received. */
export interface Shown {
  /** The event's name. */
  readonly type: string;
  readonly data: string;
  /** The last id of the client before the event, and after it. */
  readonly fromId: string;
  readonly id: string;
}

/** A client that reconnects until it is closed. */
export class ResumingClient implements AsyncDisposable {
  /** The data of all events from all connections. */
  readonly data: string[] = [];
  /** The ids of these events. */
  readonly ids: string[] = [];
  /** All events from all connections, control events included. */
  readonly shown: Shown[] = [];
  /** Control events other than `hello` and `goaway`, which a test may not expect. */
  readonly marks: string[] = [];
  /** The number of connections so far. */
  connections = 0;
  readonly #open: (request: Request) => Response | Promise<Response>;
  readonly #query: string;
  readonly #running: Promise<void>;
  #lastEventId: string | undefined;
  #leaving = new AbortController();
  #isClosed = false;
  #more = Promise.withResolvers<void>();

  /**
   * Begins to connect.
   *
   * @param open Answers a request; a rejection counts as a refused connection.
   */
  constructor(open: (request: Request) => Response | Promise<Response>, query: string) {
    this.#open = open;
    this.#query = query;
    this.#running = this.#run();
  }

  /** Whether it connects no more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Drops the connection, and so reconnects. */
  hop(): void {
    this.#leaving.abort();
  }

  /** Waits for the first id. */
  async connected(): Promise<void> {
    while (this.#lastEventId === undefined) await this.#event(() => "the first hello");
  }

  /** Waits for a number of events in all. */
  async has(count: number): Promise<void> {
    while (this.data.length < count) {
      await this.#event(() => `${count} events, of which ${this.data.length} are there`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.hop();
    await this.#running;
  }

  #event(what: () => string): Promise<void> {
    return soon(this.#more.promise, what);
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#leaving = new AbortController();
      try {
        await this.#connect(this.#leaving.signal);
      } catch {
        // The connection was refused or cut off: the client reconnects.
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const request = new Request(subscription(this.#query, this.#lastEventId), { signal });
    const response = await this.#open(request);
    if (response.status !== 200) throw new Error(`The client got a ${response.status}`);
    this.connections++;
    const events = response.body!.pipeThrough(new EventParserStream(), { signal });
    for await (const { event, data, lastEventId } of events) {
      if (event === "message") {
        this.data.push(data);
        this.ids.push(lastEventId);
      } else if (event !== "hello" && event !== "goaway") this.marks.push(event);
      // An event without an id leaves the client's last id as it is.
      const id = lastEventId || (this.#lastEventId ?? "");
      this.shown.push({ type: event, data, fromId: this.#lastEventId ?? "", id });
      this.#lastEventId = id;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
  }
}
