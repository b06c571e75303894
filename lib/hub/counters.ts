/**
 * Counts of gaps, resets and ended connections.
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

  /** How many connections have ended, by reason. */
  get counts(): Readonly<Record<EndReason, number>> {
    return { ...this.#counts };
  }

  /** How many events these connections were sent, in total. */
  get events(): number {
    return this.#events;
  }

  /** How many bytes these connections were sent, in total. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts a connection that has ended. */
  count({ reason, events, bytes }: ConnectionEnd): void {
    this.#counts[reason]++;
    this.#events += events;
    this.#bytes += bytes;
  }
}

/** What a hub counts about its subscribers. */
export class Counters {
  /** How many `gap` events subscribers were sent. */
  gaps = 0;
  /** How many `reset` events subscribers were sent. */
  resets = 0;
  /** Subscribers whose connections have ended. */
  readonly ended: EndCounter = new EndCounter();
}
