/**
 * A connection to a hub, and its state: how much it has of what the hub has.
 *
 * @module
 */

import type { EventResponse } from "../wire/event_response.ts";

/** Where a subscriber begins that may lack something. */
export interface Start {
  /** The id that it would bring to begin here again. */
  readonly id: string;
  /** The position after which it gets events. */
  readonly cursor: number;
  /** By stream, the position after which it gets that stream's, if that is higher. */
  readonly floors: readonly number[];
  /** For a newcomer: by stream, the id after which it wants that stream's, if that is later than `id`. */
  readonly floorIds: readonly string[] | undefined;
}

/**
 * It was sent everything that was flushed. A flush that finds bytes waiting for it makes it
 * {@linkcode Behind}.
 */
export interface Current {
  readonly name: "current";
}

/**
 * It was current, and its client is slow. Each time that the client has taken all, it is sent the next
 * of what the histories have: it is {@linkcode Current} when that was the last. If they evict what it
 * lacks, their {@linkcode SlowPolicy} decides: it ends, is told of a gap, or goes on at the newest event.
 */
export interface Behind {
  readonly name: "behind";
  /** The position through which it was sent everything. */
  readonly cursor: number;
}

/**
 * It began with less than the hub has, and has never been current. It is sent what the histories have,
 * like one that is behind, and then is {@linkcode Current}. If they evict what it lacks, it is
 * {@linkcode ReadingLog} where the log has more than they do, or else is told of a gap: if it ended as
 * slow and came back, it would get no more.
 */
export interface Resuming extends Start {
  readonly name: "resuming";
}

/**
 * It lacks events that the histories no longer have, or do not have yet. It is sent the log, page by page,
 * and is {@linkcode Resuming} when the histories of all its streams reach back to its id.
 */
export interface ReadingLog extends Omit<Start, "floors"> {
  readonly name: "reading the log";
  /** By stream, the id of the stream's end as of the last entry read; `undefined` if it goes on. */
  readonly endIds: Map<string, string | undefined>;
}

/**
 * How much a subscriber has.
 *
 * ```text
 *              fallBehind()
 *   current ─────────────────▶ behind
 *      ▲  ▲      catchUp()        │
 *      │  └───────────────────────┘
 *      │ catchUp()
 *      │           readLog()
 *   resuming ◀────────────────▶ reading the log
 *               resume()
 * ```
 *
 * Where the log begins anew, all are `current`.
 */
export type SubscriberState = Current | Behind | Resuming | ReadingLog;

/** A connection to a hub. */
export class Subscriber {
  /** What the application wants to know of it. */
  readonly context: unknown;
  /** Its connection. */
  readonly response: EventResponse;
  /** The last turn in which it was sent something. */
  turn: number;
  #state: SubscriberState = CURRENT;

  /** Begins as current, in a turn. */
  constructor(context: unknown, response: EventResponse, turn: number) {
    this.context = context;
    this.response = response;
    this.turn = turn;
  }

  /** How much it has. */
  get state(): SubscriberState {
    return this.#state;
  }

  /** How many positions it is behind a hub whose newest event is at `head`. */
  behind(head: number): number {
    return this.#state.name === "current" ? 0 : head - this.#state.cursor;
  }

  /** Records that it was sent everything through a position, and not what comes next. */
  fallBehind(cursor: number): void {
    this.#state = { name: "behind", cursor };
  }

  /** Has it go on in the histories. */
  resume({ id, cursor, floors, floorIds }: Start): void {
    this.#state = { name: "resuming", id, cursor, floors, floorIds };
  }

  /**
   * Has it go on in the log.
   *
   * @param endIds What is known of ends after the entries that it has read.
   */
  readLog({ id, cursor, floorIds }: Start, endIds: ReadingLog["endIds"] = new Map()): ReadingLog {
    const state = { name: "reading the log", id, cursor, floorIds, endIds } as const;
    this.#state = state;
    return state;
  }

  /** Records that it was sent everything. */
  catchUp(): void {
    this.#state = CURRENT;
  }
}

const CURRENT: Current = { name: "current" };
