/**
 * The patterns of a hub that have subscribers, or had some a short while ago.
 *
 * @module
 */

import { Pattern } from "./pattern.ts";
import type { Stream } from "./stream.ts";
import { patternsOf } from "../wire/stream_name.ts";

/** How long a pattern without subscribers is kept up to date, in milliseconds. */
const LINGER_MS = 60_000;

/** The patterns of a hub. */
export class Patterns {
  readonly #byName = new Map<string, Pattern>();

  /** Returns the pattern of a name, if it is known. */
  get(name: string): Pattern | undefined {
    return this.#byName.get(name);
  }

  /**
   * Begins to keep a pattern up to date.
   *
   * @param rest The stream that stands for the streams that the hub does not know.
   * @param streams The created streams that the pattern covers.
   */
  add(rest: Stream, streams: Iterable<Stream>): Pattern {
    const pattern = new Pattern(rest);
    for (const stream of [...streams].sort((a, b) => a.changedAt - b.changedAt)) {
      pattern.add(stream);
    }
    this.#byName.set(pattern.name, pattern);
    return pattern;
  }

  /** Adds a stream that was created to the patterns that cover it. */
  join(stream: Stream): void {
    if (this.#byName.size === 0) return;
    for (const name of patternsOf(stream.name)) this.#byName.get(name)?.add(stream);
  }

  /** Removes a stream that the hub forgets from its patterns. */
  leave(stream: Stream): void {
    for (const place of stream.places.splice(0)) place.remove();
  }

  /** Returns the streams that stand for what the hub does not know. */
  rests(): Stream[] {
    return [...this.#byName.values()].map(({ rest }) => rest);
  }

  /**
   * Drops the patterns that have had no subscribers for a minute. Until then, a client that reconnects
   * finds the streams in order.
   */
  expire(nowMs: number): void {
    for (const pattern of this.#byName.values()) {
      if (pattern.rest.audiences.size > 0) continue;
      if (pattern.size > 0 && nowMs - pattern.releasedMs <= LINGER_MS) continue;
      pattern.close();
      this.#byName.delete(pattern.name);
    }
  }
}
