/**
 * The audiences of a hub: found by the streams they are made of, there as long as anybody subscribes.
 *
 * @module
 */

import { Audience, type AudienceSource } from "./audience.ts";
import type { Streams } from "./streams.ts";

/** The audiences of a hub. */
export class Audiences {
  readonly #streams: Streams;
  readonly #source: AudienceSource;
  readonly #byNames = new Map<string, Audience>();

  /** Begins without audiences. */
  constructor(streams: Streams, source: AudienceSource) {
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

  /** The audience of these streams, sorted by name; release it when it has no subscriber. */
  open(names: readonly string[], nowMs: number): Audience {
    const key = names.join(" ");
    let audience = this.#byNames.get(key);
    if (!audience) {
      const streams = names.map((name) => this.#streams.hold(name, nowMs));
      audience = new Audience(key, streams, this.#source);
      for (const stream of streams) stream.audiences.add(audience);
      this.#byNames.set(key, audience);
    }
    return audience;
  }

  /** Lets go of an audience, and of streams that nothing else holds, unless it has subscribers. */
  release(audience: Audience): void {
    if (audience.size > 0 || this.#byNames.get(audience.key) !== audience) return;
    this.#byNames.delete(audience.key);
    for (const stream of audience.streams) {
      stream.audiences.delete(audience);
      this.#streams.release(stream);
    }
  }
}
