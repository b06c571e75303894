/**
 * What is counted as it happens, since it can't be read off later.
 *
 * @module
 */

import type { ConnectionEnd, EndReason } from "../wire/event_response.ts";

/** Counts connections that have ended. */
export class EndCounter {
  readonly #counts: Record<EndReason, number> = {
    left: 0,
    ended: 0,
    slow: 0,
    failed: 0,
    closed: 0,
    expired: 0,
    stalled: 0,
  };
  #events = 0;
  #bytes = 0;

  /** How many there were, by reason. */
  get counts(): Readonly<Record<EndReason, number>> {
    return { ...this.#counts };
  }

  /** How many events all of them together were sent. */
  get events(): number {
    return this.#events;
  }

  /** How many bytes all of them together were sent. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts one. */
  count({ reason, events, bytes }: ConnectionEnd): void {
    this.#counts[reason]++;
    this.#events += events;
    this.#bytes += bytes;
  }
}

/** What a hub counts of its subscribers. */
export class Counters {
  /** How often a subscriber was told of a gap. */
  gaps = 0;
  /** How often a subscriber's id meant nothing. */
  resets = 0;
  /** The subscribers that have ended. */
  readonly ended: EndCounter = new EndCounter();
}
