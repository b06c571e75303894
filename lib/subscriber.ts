/**
 * A connection that a hub feeds, and where in the hub's order it stands.
 *
 * @module
 */

import { compareIds } from "./log/log.ts";
import { Pulse, type PulseOptions, type Tick } from "./pulse.ts";
import type { EventResponse } from "./response.ts";

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

/** The later of two ids; of one that is not known, the other. */
export function laterId(id: string, other: string | undefined): string {
  return other !== undefined && compareIds(other, id) > 0 ? other : id;
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
  readonly #pulse: Pulse;

  /** Begins as one that has everything, until `expiresMs`, in milliseconds since 1970. */
  constructor(context: unknown, response: EventResponse, turn: number, expiresMs: number) {
    this.context = context;
    this.response = response;
    this.turn = turn;
    this.#pulse = new Pulse(response, expiresMs);
  }

  /** Looks whether its time is over, and how it lives. */
  tick(tick: Tick, options: PulseOptions): void {
    this.#pulse.tick(tick, options);
  }
}
