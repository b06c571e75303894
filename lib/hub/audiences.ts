/**
 * The audiences of a hub, by their sets of streams. An audience exists while it has subscribers.
 *
 * @module
 */

import { Audience, type Entrant } from "./audience.ts";
import type { CatchUpSource } from "./catch_up.ts";
import type { EventResponse } from "../wire/event_response.ts";
import type { Streams } from "./streams.ts";

/** The audiences of a hub. */
export class Audiences {
  readonly #streams: Streams;
  readonly #source: CatchUpSource & { readonly now: () => number };
  readonly #byNames = new Map<string, Audience>();

  /** Begins without audiences. */
  constructor(streams: Streams, source: CatchUpSource & { readonly now: () => number }) {
    this.#streams = streams;
    this.#source = source;
  }

  /** Whether all these streams can be resumed: none of them is ephemeral. */
  areResumable(names: readonly string[]): boolean {
    return names.every((name) => !this.#streams.get(name)?.isEphemeral);
  }

  /** How many audiences there are. */
  get size(): number {
    return this.#byNames.size;
  }

  /** Iterates over all audiences. */
  [Symbol.iterator](): Iterator<Audience> {
    return this.#byNames.values();
  }

  /**
   * Admits a subscriber to the audience of a set of streams.
   *
   * @param names The names of the streams, sorted.
   * @returns What {@linkcode Audience.admit} returns.
   */
  admit(
    names: readonly string[],
    entrant: Entrant,
    open: (startId: string) => EventResponse,
  ): EventResponse | undefined {
    // Waiting events go to earlier subscribers only: the new one gets them from the histories.
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

  /** Drops an audience without subscribers, and the names that only this audience held. */
  #release(audience: Audience): void {
    if (audience.size > 0 || this.#byNames.get(audience.key) !== audience) return;
    this.#byNames.delete(audience.key);
    for (const stream of audience.streams) {
      stream.audiences.delete(audience);
      this.#streams.release(stream);
    }
  }
}
