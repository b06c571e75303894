/**
 * A connection that a hub feeds, and its state: how far behind the hub it is.
 *
 * @module
 */

import type { EventResponse } from "../wire/event_response.ts";
import { compareIds } from "../wire/ids.ts";
import { coversStream } from "../wire/stream_name.ts";
import type { Floors } from "./floors.ts";
import type { ClientIdentity } from "./subscriber_filter.ts";
import { type Decision, NONE } from "./trace.ts";

/** Where a subscriber starts. Several streams may start at different places. */
export interface Start {
  /** The id with which a client would resume from here. */
  readonly id: string;
  /** The subscriber gets events after this position. */
  readonly cursor: number;
  /** For each stream, a position: the subscriber gets only later events of the stream. */
  readonly floors: Floors<number>;
  /**
   * For each stream, an id: the subscriber gets only later events of the stream. `undefined` if the
   * subscriber wants all streams from `id` on, as every client that resumes does.
   */
  readonly floorIds: Floors<string> | undefined;
  /**
   * How much of what its patterns have forgotten is no news to the subscriber; -1 if all is: see
   * `Members.forgotten`.
   */
  readonly told: number;
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
  /** The id through which the subscriber was sent everything. */
  readonly id: string;
  /** How much of what its patterns have forgotten it was told of: see `Members.forgotten`. */
  readonly told: number;
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
export interface ReadingLog extends Omit<Start, "floors" | "told"> {
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

/** The audience of a subscriber, as lists and traces see it. */
export interface SubscriberAudience {
  /** The names of the streams, and the patterns, sorted. */
  readonly names: readonly string[];
  /** The types of the events that go out; `undefined` for all types. */
  readonly types: readonly string[] | undefined;
  /** Returns the id through which a subscriber was sent everything. */
  lastIdOf(subscriber: Subscriber): string;
}

/** Where a connection began. */
export interface Opening {
  /** The id after which the subscriber gets events. */
  readonly id: string;
  /** The id that the client sent; `undefined` for a newcomer. */
  readonly lastEventId: string | undefined;
  /** Which kept events a newcomer gets; `undefined` if it gets none. */
  readonly replay?: Replay | undefined;
}

/** The kept events that a newcomer gets. */
export interface Replay {
  /** The position of the newest event when it connected. */
  readonly head: number;
  /** How many of the newest events of each stream; `undefined` for each stream's `replayEvents`. */
  readonly count: number | undefined;
}

/** Events for which a client needs no gap: a gap has named them, or they precede its subscription. */
export interface Settled {
  /** The id of the last of these events, or a later one. */
  readonly id: string;
  /** Their streams, or patterns that cover them; left out for all streams. */
  readonly streams?: readonly string[] | undefined;
}

/** What is known of a subscriber from the start. */
export interface SubscriberOptions {
  readonly context?: unknown;
  readonly client?: ClientIdentity;
  readonly audience: SubscriberAudience;
  readonly opening: Opening;
}

/** A connection that a hub feeds. */
export class Subscriber {
  /** The `context` that the application gave to `subscribe()`. */
  readonly context: unknown;
  /** Who the client is, as far as the application has said. */
  readonly client: ClientIdentity;
  /** The audience that the subscriber belongs to. */
  readonly audience: SubscriberAudience;
  /** Where the connection began. */
  readonly opening: Opening;
  /** The number of the connection on this hub; `Subscribers` assigns it. */
  number = 0;
  /** What was decided about the connection since it began; `Traces` notes it. */
  decisions: readonly Decision[] = NONE;
  /** Whether the connection ends because its client is denied. */
  isDenied = false;
  /** The id through which the client was sent everything, once the connection has ended. */
  endId: string | undefined;
  /** The open response. */
  readonly response: EventResponse;
  /** The turn in which the subscriber was admitted or last sent a flush. */
  turn: number;
  /** Whether events after the last id that the client was sent were left out. */
  hasLeftOut = false;
  /** The id, of the log's epoch, after which this hub has sent the client everything. */
  sinceId: string;
  /** What was settled last on this connection. */
  settled: Settled | undefined = undefined;
  #state: SubscriberState = CURRENT;

  /** Begins as current. */
  constructor(options: SubscriberOptions, response: EventResponse, turn: number) {
    this.context = options.context;
    this.client = options.client ?? NOBODY;
    this.audience = options.audience;
    this.opening = options.opening;
    this.sinceId = options.opening.id;
    this.response = response;
    this.turn = turn;
  }

  /** The state. */
  get state(): SubscriberState {
    return this.#state;
  }

  /** Whether the events of a stream through an id are settled. */
  isSettled(stream: string, throughId: string): boolean {
    if (!this.settled || compareIds(this.settled.id, throughId) < 0) return false;
    return this.settled.streams?.some((name) => coversStream(name, stream)) ?? true;
  }

  /** Begins anew after an id, because the log has begun anew. */
  reset(id: string): void {
    this.sinceId = id;
    this.settled = { id };
    this.#state = CURRENT;
  }

  /** Returns how many positions the subscriber is behind a hub whose newest event is at `head`. */
  behind(head: number): number {
    return this.#state.name === "current" ? 0 : head - this.#state.cursor;
  }

  /** Makes the subscriber `behind`: it was sent everything through `cursor`, and nothing later. */
  fallBehind(cursor: number, id: string, told = -1): void {
    this.#state = { name: "behind", cursor, id, told };
  }

  /** Makes the subscriber `resuming`, from a place in the histories. */
  resume({ id, cursor, floors, floorIds, told }: Start): void {
    this.#state = { name: "resuming", id, cursor, floors, floorIds, told };
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

const NOBODY: ClientIdentity = {};
const CURRENT: Current = { name: "current" };
