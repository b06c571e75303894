/**
 * A flood of publishes over HTTP that goes on whatever happens to the servers. Each event has a key, and
 * is published until it is acknowledged.
 *
 * @module
 */

import { assert } from "@std/assert";
import { within } from "../wait.ts";

/** What a {@linkcode Flood} needs to know. */
export interface FloodOptions {
  /** The token of the servers. */
  readonly token: string;
  /** How many publish at the same time. */
  readonly publishers: number;
  /** Returns where to publish; a publisher counts its turns from its own number on. */
  readonly urlOf: (turn: number) => URL;
  /** How long a publisher waits after each event, in milliseconds. */
  readonly pauseMs?: number;
}

/** Publishers that publish until they are stopped. */
export class Flood {
  /** The ids of the acknowledged events, by data: `<number of the publisher>/<number of the event>`. */
  readonly acknowledged = new Map<string, string>();
  /** How many publishes got no answer. */
  cutOff = 0;
  /** How many publishes were refused with a 503. */
  refused = 0;
  readonly #options: FloodOptions;
  #publishing: Promise<void>[] | undefined;
  #isStopping = false;

  /** Publishes nothing yet. */
  constructor(options: FloodOptions) {
    this.#options = options;
  }

  /** Starts the publishers, unless they have started. */
  start(): void {
    const { publishers } = this.#options;
    this.#publishing ??= Array.from({ length: publishers }, (_, number) => this.#publish(number));
  }

  /** Resolves when the last event of each publisher was acknowledged. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#publishing!);
  }

  /** Publishes an event until it is acknowledged. */
  async post(data: string, urlOf: () => URL): Promise<void> {
    while (!this.acknowledged.has(data)) {
      const id = await this.#try(data, urlOf());
      if (id !== undefined) this.acknowledged.set(data, id);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async #publish(number: number): Promise<void> {
    const { urlOf, pauseMs } = this.#options;
    for (let i = 0; !this.#isStopping; i++) {
      await this.post(`${number}/${i}`, () => urlOf(number + i));
      if (pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  /** Resolves with the id of the event; `undefined` if the event was not acknowledged. */
  async #try(data: string, url: URL): Promise<string | undefined> {
    let status: number;
    let id: string | undefined;
    try {
      [status, id] = await within(MAX_ANSWER_MS, async (signal) => {
        const response = await fetch(url, {
          method: "POST",
          headers: {
            authorization: `Bearer ${this.#options.token}`,
            "content-type": "application/json",
          },
          body: JSON.stringify({ id: data, data }),
          signal,
        });
        return [response.status, (await response.json()).id];
      });
    } catch {
      // The server was killed or paused, and may have kept the event all the same.
      this.cutOff++;
      return undefined;
    }
    assert(status === 200 || status === 503, `a publish got a ${status}`);
    if (status === 503) this.refused++;
    return id;
  }
}

const MAX_ANSWER_MS = 5_000;
