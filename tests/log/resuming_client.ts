/**
 * A client that comes back with the id it has whenever its connection ends, as an `EventSource` does,
 * but at once.
 *
 * @module
 */

import { EventParserStream } from "../../lib/wire/parser.ts";
import { subscription } from "../client.ts";
import { soon } from "../wait.ts";

/** Comes back until it is closed. */
export class ResumingClient implements AsyncDisposable {
  /** The data of all events it got, over all its connections. */
  readonly data: string[] = [];
  /** Their ids. */
  readonly ids: string[] = [];
  /** Events of the hub's own but `hello`, which a test may not expect. */
  readonly marks: string[] = [];
  /** How many connections it has had. */
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
   * @param open Answers a request; what it rejects with counts as a connection refused.
   */
  constructor(open: (request: Request) => Response | Promise<Response>, query: string) {
    this.#open = open;
    this.#query = query;
    this.#running = this.#run();
  }

  /** Leaves, and so comes back. */
  hop(): void {
    this.#leaving.abort();
  }

  /** Waits until it has been told where it stands. */
  async connected(): Promise<void> {
    while (this.#lastEventId === undefined) await this.#event(() => "its first hello");
  }

  /** Waits until it has so many events. */
  async has(count: number): Promise<void> {
    while (this.data.length < count) {
      await this.#event(() => `${count} events, beyond ${this.data.length}`);
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
        // Refused or cut off: it comes back.
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const request = new Request(subscription(this.#query, this.#lastEventId), { signal });
    const response = await this.#open(request);
    if (response.status !== 200) throw new Error(`It was answered ${response.status}`);
    this.connections++;
    const events = response.body!.pipeThrough(new EventParserStream(), { signal });
    for await (const { event, data, lastEventId } of events) {
      if (event === "message") {
        this.data.push(data);
        this.ids.push(lastEventId);
      } else if (event !== "hello") this.marks.push(event);
      this.#lastEventId = lastEventId;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
  }
}
