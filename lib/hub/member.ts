/**
 * A stream as the subscribers of one audience see it.
 *
 * @module
 */

import type { Stream } from "./stream.ts";

/** A stream of an audience. */
export class Member {
  /** The stream. */
  readonly stream: Stream;
  /** The pattern that the stream belongs to; `undefined` if the subscribers name the stream. */
  readonly pattern: string | undefined;

  /** Takes a stream. */
  constructor(stream: Stream, pattern?: string) {
    this.stream = stream;
    this.pattern = pattern;
  }

  /** Whether the stream is one that a pattern covers, and not the pattern's `rest`. */
  get isCovered(): boolean {
    return this.pattern !== undefined && !this.isRest;
  }

  /** Whether the stream is the `rest` of a pattern. */
  get isRest(): boolean {
    return this.pattern === this.stream.name;
  }

  /**
   * The position through which events are evicted, as far as these subscribers are concerned. The history
   * of a new stream begins as if older events were evicted, because a stream of the same name may have
   * been forgotten. Subscribers of a pattern have the pattern's `rest` for that.
   */
  get evictedThrough(): number {
    const { history: { evictedThrough }, createdAfter } = this.stream;
    return this.isCovered && evictedThrough <= createdAfter ? -1 : evictedThrough;
  }

  /** Whether the history has evicted events after an id that these subscribers can't do without. */
  lacksAfter(id: string): boolean {
    return this.evictedThrough >= 0 && this.stream.lacksAfter(id);
  }
}
