/**
 * The audiences of a hub: found by the streams they are made of, there as long as anybody subscribes.
 *
 * @module
 */

import { Audience, type AudienceSource, type Entrant } from "./audience.ts";
import type { EventResponse } from "../wire/event_response.ts";
import type { Streams } from "./streams.ts";

/** The audiences of a hub. */
export class Audiences {
  readonly #streams: Streams;
  readonly #source: AudienceSource & { readonly now: () => number };
  readonly #byNames = new Map<string, Audience>();

  /** Begins without audiences. */
  constructor(streams: Streams, source: AudienceSource & { readonly now: () => number }) {
    this.#streams = streams;
    this.#source = source;
  }

  /** How many there are. */
  get size(): number {
    return this.#byNames.size;
  }

  /** All of them. */
  [Symbol.iterator](): Iterator<Audience> {
    return this.#byNames.values();
  }

  /**
   * Lets a subscriber into the audience of these streams, sorted by name.
   *
   * @returns What {@linkcode Audience.admit} returns.
   */
  admit(
    names: readonly string[],
    entrant: Entrant,
    open: (startId: string) => EventResponse,
  ): EventResponse | undefined {
    // What waits goes to those who were here before; history and live meet within this one turn.
    this.#source.sequencer.flush();
    const audience = this.#open(names);
    try {
      return audience.admit(entrant, open);
    } finally {
      this.#release(audience);
    }
  }

  #open(names: readonly string[]): Audience {
    const key = names.join(" ");
    let audience = this.#byNames.get(key);
    if (!audience) {
      const nowMs = this.#source.now();
      const streams = names.map((name) => this.#streams.hold(name, nowMs));
      audience = new Audience(key, streams, this.#source, (audience) => this.#release(audience));
      for (const stream of streams) stream.audiences.add(audience);
      this.#byNames.set(key, audience);
    }
    return audience;
  }

  /** Lets go of an audience that has no subscriber, and of streams that nothing else holds. */
  #release(audience: Audience): void {
    if (audience.size > 0 || this.#byNames.get(audience.key) !== audience) return;
    this.#byNames.delete(audience.key);
    for (const stream of audience.streams) {
      stream.audiences.delete(audience);
      this.#streams.release(stream);
    }
  }
}
