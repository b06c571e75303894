/**
 * The feeds of a hub: found by the streams they are made of, there as long as anybody subscribes.
 *
 * @module
 */

import { Feed, type FeedSource } from "./feed.ts";
import type { Streams } from "./streams.ts";

/** The feeds of a hub. */
export class Feeds {
  readonly #streams: Streams;
  readonly #source: FeedSource;
  readonly #byNames = new Map<string, Feed>();

  /** Begins without feeds. */
  constructor(streams: Streams, source: FeedSource) {
    this.#streams = streams;
    this.#source = source;
  }

  /** How many there are. */
  get size(): number {
    return this.#byNames.size;
  }

  /** All of them. */
  [Symbol.iterator](): Iterator<Feed> {
    return this.#byNames.values();
  }

  /** The feed of these streams, sorted by name; release it when it has no subscriber. */
  open(names: readonly string[], nowMs: number): Feed {
    const key = names.join(" ");
    let feed = this.#byNames.get(key);
    if (!feed) {
      const streams = names.map((name) => this.#streams.hold(name, nowMs));
      feed = new Feed(key, streams, this.#source);
      for (const stream of streams) stream.feeds.add(feed);
      this.#byNames.set(key, feed);
    }
    return feed;
  }

  /** Lets go of a feed, and of streams that nothing else holds, unless it has subscribers. */
  release(feed: Feed): void {
    if (feed.size > 0 || this.#byNames.get(feed.key) !== feed) return;
    this.#byNames.delete(feed.key);
    for (const stream of feed.streams) {
      stream.feeds.delete(feed);
      this.#streams.release(stream);
    }
  }
}
