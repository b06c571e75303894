/**
 * A connection that a hub feeds, and its state: how far behind the hub it is.
 *
 * @module
 */

import type { EventResponse } from "../wire/event_response.ts";

/** Where a subscriber starts. Several streams may start at different places. */
export interface Start {
  /** The id with which a client would resume from here. */
  readonly id: string;
  /** The subscriber gets events after this position. */
  readonly cursor: number;
  /** For each stream, a position: the subscriber gets only later events of the stream. */
  readonly floors: readonly number[];
  /**
   * For each stream, an id: the subscriber gets only later events of the stream. `undefined` if the
   * subscriber wants all streams from `id` on, as every client that resumes does.
   */
  readonly floorIds: readonly string[] | undefined;
}

/**
 * The subscriber was sent everything that was flushed. If a flush finds bytes still waiting for the
 * client, the subscriber becomes {@linkcode Behind}.
 */
export interface Current {
  readonly name: "current";
}

/**
 * The subscriber was current, and its client is slow. Each time the client has taken all waiting bytes,
 * the subscriber is sent the next chunk of the histories; with the last chunk it becomes
 * {@linkcode Current}. If a history evicts events that it still needs, the stream's
 * {@linkcode SlowPolicy} decides: the connection ends, or it gets a gap, or only the newest event.
 */
export interface Behind {
  readonly name: "behind";
  /** The position through which the subscriber was sent everything. */
  readonly cursor: number;
}

/**
 * The subscriber started behind the hub, and has not been current yet. It is sent the histories chunk by
 * chunk and then becomes {@linkcode Current}. If a history evicts events that it still needs, it becomes
 * {@linkcode ReadingLog} if the log can be read; otherwise it gets a gap. A policy of `disconnect` does
 * not apply: after reconnecting, it would get the same gap.
 */
export interface Resuming extends Start {
  readonly name: "resuming";
}

/**
 * The subscriber lacks events that the histories have evicted or do not have yet. It is sent the log page
 * by page, and becomes {@linkcode Resuming} when the histories of all its streams reach back to its id.
 */
export interface ReadingLog extends Omit<Start, "floors"> {
  readonly name: "reading the log";
  /** By stream, the id of the stream's end as of the last entry read; `undefined` if not ended there. */
  readonly endIds: Map<string, string | undefined>;
}

/**
 * The state of a subscriber.
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
 * When the log begins anew, every subscriber becomes `current`.
 */
export type SubscriberState = Current | Behind | Resuming | ReadingLog;

/** A connection that a hub feeds. */
export class Subscriber {
  /** The `context` that the application gave to `subscribe()`. */
  readonly context: unknown;
  /** The open response. */
  readonly response: EventResponse;
  /** The turn in which the subscriber was admitted or last sent a flush. */
  turn: number;
  /** The id that the client connected with, if the hub had not reached it: another hub has sent it. */
  readonly aheadId: string | undefined;
  /** Whether events after the last id that the client was sent were left out. */
  hasLeftOut = false;
  #state: SubscriberState = CURRENT;

  /** Begins as current. */
  constructor(context: unknown, response: EventResponse, turn: number, aheadId?: string) {
    this.context = context;
    this.response = response;
    this.turn = turn;
    this.aheadId = aheadId;
  }

  /** The state. */
  get state(): SubscriberState {
    return this.#state;
  }

  /** Returns how many positions the subscriber is behind a hub whose newest event is at `head`. */
  behind(head: number): number {
    return this.#state.name === "current" ? 0 : head - this.#state.cursor;
  }

  /** Makes the subscriber `behind`: it was sent everything through `cursor`, and nothing later. */
  fallBehind(cursor: number): void {
    this.#state = { name: "behind", cursor };
  }

  /** Makes the subscriber `resuming`, from a place in the histories. */
  resume({ id, cursor, floors, floorIds }: Start): void {
    this.#state = { name: "resuming", id, cursor, floors, floorIds };
  }

  /**
   * Makes the subscriber `reading the log`, from an id.
   *
   * @param endIds The ends of streams as of the last entry read; empty before the first read.
   */
  readLog({ id, cursor, floorIds }: Start, endIds: ReadingLog["endIds"] = new Map()): ReadingLog {
    const state = { name: "reading the log", id, cursor, floorIds, endIds } as const;
    this.#state = state;
    return state;
  }

  /** Makes the subscriber `current`: it was sent everything. */
  catchUp(): void {
    this.#state = CURRENT;
  }
}

const CURRENT: Current = { name: "current" };
