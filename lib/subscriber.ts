/**
 * A connection that a hub feeds, and where in the hub's order it stands.
 *
 * @module
 */

import type { EventResponse } from "./event_response.ts";
import { Liveness, type LivenessOptions, type Tick } from "./liveness.ts";

/** Where a subscriber begins. */
export interface Start {
  /** What it would come back with to begin here again. */
  readonly id: string;
  /** The position after which it gets events. */
  readonly cursor: number;
  /** By stream, the position after which it gets that stream's, if that is higher. */
  readonly floors: readonly number[];
  /** For a newcomer: by stream, the id after which it wants that stream's, if that is later than `id`. */
  readonly floorIds: readonly string[] | undefined;
}

/** A connection that a hub feeds. */
export class Subscriber {
  /** What the application wants to know of it. */
  readonly context: unknown;
  /** Its connection. */
  readonly response: EventResponse;
  /** The position through which it has been served; `undefined` while it has all that was flushed. */
  cursor: number | undefined;
  /** For one that replays: by stream, the position up to which it wants nothing. */
  floors: readonly number[] | undefined;
  /** For a newcomer that replays: by stream, the id up to which it wants nothing. */
  floorIds: readonly string[] | undefined;
  /**
   * For one that replays, not having caught up with what was there when it came: the id through which
   * it has been served.
   */
  servedId: string | undefined;
  /** The last turn in which it was sent something. */
  turn: number;
  readonly #liveness: Liveness;

  /** Begins as one that has everything, until `expiresMs`, in milliseconds since 1970. */
  constructor(context: unknown, response: EventResponse, turn: number, expiresMs: number) {
    this.context = context;
    this.response = response;
    this.turn = turn;
    this.#liveness = new Liveness(response, expiresMs);
  }

  /** Looks whether its time is over, and how it lives. */
  tick(tick: Tick, options: LivenessOptions): void {
    this.#liveness.tick(tick, options);
  }
}
