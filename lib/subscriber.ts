/**
 * A connection that a hub feeds, and where in the hub's order it stands.
 *
 * @module
 */

import type { EventResponse } from "./response.ts";

/** Where a subscriber begins. */
export interface Start {
  /** The position after which it gets events. */
  readonly cursor: number;
  /** By stream, a higher position after which it gets that stream's; `undefined` where none is. */
  readonly floors: readonly number[] | undefined;
}

/** A connection that a hub feeds. */
export class Subscriber {
  /** Its connection. */
  readonly response: EventResponse;
  /** The position through which it has been served; `undefined` while it has all that was flushed. */
  cursor: number | undefined;
  /** Whether it has not yet caught up with what was there when it came. */
  isReplaying = false;
  /** For a subscriber that replays: by stream, the position before which it wants nothing. */
  floors: readonly number[] | undefined;
  /** The last turn in which it was sent something. */
  turn: number;
  /** When it is ended, by the hub's clock, in milliseconds. */
  readonly expiresMs: number;
  #seenBytes = 0;
  #silentMs = 0;

  /** Begins as one that has everything. */
  constructor(response: EventResponse, turn: number, expiresMs: number) {
    this.response = response;
    this.turn = turn;
    this.expiresMs = expiresMs;
  }

  /**
   * Looks, every `tickMs`, whether its time is over, and whether it needs a heartbeat lest it hears
   * nothing for `heartbeatMs`, 0 being off.
   */
  tick(nowMs: number, tickMs: number, heartbeatMs: number): void {
    const { response } = this;
    if (nowMs + tickMs > this.expiresMs) {
      response.expire();
      return;
    }
    this.#silentMs = response.bytes === this.#seenBytes ? this.#silentMs + tickMs : 0;
    const isDue = heartbeatMs > 0 && this.#silentMs + tickMs >= heartbeatMs;
    if (isDue && response.waitingBytes === 0) {
      response.enqueue(HEARTBEAT, 0);
      this.#silentMs = 0;
    }
    this.#seenBytes = response.bytes;
  }
}

const HEARTBEAT = new TextEncoder().encode(":\n");
