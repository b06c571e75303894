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
  #seenBytes = 0;
  #silentMs = 0;

  /** Begins as one that has everything. */
  constructor(response: EventResponse, turn: number) {
    this.response = response;
    this.turn = turn;
  }

  /** Looks, every `tickMs`, whether it needs a heartbeat lest it hears nothing for `heartbeatMs`. */
  beat(tickMs: number, heartbeatMs: number): void {
    const { bytes, waitingBytes } = this.response;
    this.#silentMs = bytes === this.#seenBytes ? this.#silentMs + tickMs : 0;
    if (this.#silentMs + tickMs >= heartbeatMs && waitingBytes === 0) {
      this.response.enqueue(HEARTBEAT, 0);
      this.#silentMs = 0;
    }
    this.#seenBytes = this.response.bytes;
  }
}

const HEARTBEAT = new TextEncoder().encode(":\n");
