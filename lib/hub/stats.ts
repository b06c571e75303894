/**
 * What a hub says of itself: its stats, its streams and its subscribers.
 *
 * @module
 */

import type { Audience } from "./audience.ts";
import type { Counters } from "./counters.ts";
import type { EndReason } from "../wire/event_response.ts";
import type { HistogramCounts } from "../wire/histogram.ts";
import type { LogStats } from "../log/log_stats.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";
import type { Subscriber } from "./subscriber.ts";

/** A stream as a hub lists it. */
export interface StreamInfo {
  /** Its name. */
  readonly name: string;
  /** Its subscribers on this instance. */
  readonly subscribers: number;
  /** Events published to it since it was created. */
  readonly published: number;
  /** How many events are kept. */
  readonly events: number;
  /** How many encoded bytes are kept. */
  readonly bytes: number;
  /** The id of the oldest event kept; `""` if there is none. */
  readonly firstId: string;
  /** The id of the newest event kept; `""` if there is none. */
  readonly lastId: string;
  /** Whether it was ended. */
  readonly isEnded: boolean;
  /** Whether its events are of the moment only, without ids. */
  readonly isEphemeral: boolean;
}

/** Which streams a hub lists. */
export interface StreamListOptions {
  /**
   * The name after which the list begins.
   *
   * @default {""}
   */
  readonly after?: string;
  /**
   * The most streams listed.
   *
   * @default {Infinity}
   */
  readonly limit?: number;
}

/** Which subscribers a hub lists. */
export interface SubscriberListOptions {
  /**
   * The most subscribers listed.
   *
   * @default {Infinity}
   */
  readonly limit?: number;
}

/** Stats of a hub: of this instance, since its start. */
export interface HubStats {
  /** Streams now. */
  readonly streams: number;
  /** Subscribers now. */
  readonly subscribers: number;
  /** Of these, those that have yet to be sent something already published. */
  readonly lagging: number;
  /** Events that came into the hub's order, those that a log had when it was opened included. */
  readonly published: number;
  /** Events handed to the runtime, summed over all subscribers. */
  readonly deliveredEvents: number;
  /** Bytes handed to the runtime, summed over all subscribers, heartbeats included. */
  readonly deliveredBytes: number;
  /** Encoded bytes kept in all histories, and bytes of publishers' keys. */
  readonly historyBytes: number;
  /** Times that a subscriber was told of a gap. */
  readonly gaps: number;
  /** Times that a subscriber's id meant nothing. */
  readonly resets: number;
  /** How many events each flush sent. */
  readonly flushEvents: HistogramCounts;
  /** From the first publish of a turn until the runtime had all of it, in milliseconds. */
  readonly latencyMs: HistogramCounts;
  /** Subscribers that have ended, by reason. */
  readonly ended: Readonly<Record<EndReason, number>>;
  /** What the log says of itself; `undefined` for a log that says nothing, as the one in memory. */
  readonly log: LogStats | undefined;
}

/** A subscriber as a hub lists it. */
export interface SubscriberInfo {
  /** The names of its streams, sorted. */
  readonly streams: readonly string[];
  /** What the application gave with it. */
  readonly context: unknown;
  /** How long it has been there, in milliseconds. */
  readonly ageMs: number;
  /** Events handed to the runtime for it. */
  readonly events: number;
  /** How many positions of the hub it is behind; some may be of streams that are not its own. */
  readonly behind: number;
}

/** What stats are read from. */
export interface StatsSource {
  readonly counters: Counters;
  readonly sequencer: Sequencer;
  readonly streams: Streams;
  readonly audiences: Iterable<Audience>;
  readonly log: LogStats | undefined;
}

/** Returns a hub's stats now, at a cost in proportion to its subscribers. */
export function hubStats({ counters, sequencer, streams, audiences, log }: StatsSource): HubStats {
  const { gaps, resets, ended } = counters;
  let subscribers = 0;
  let lagging = 0;
  let deliveredEvents = ended.events;
  let deliveredBytes = ended.bytes;
  for (const audience of audiences) {
    for (const { state, response } of audience.subscribers) {
      subscribers++;
      if (state.name !== "current") lagging++;
      deliveredEvents += response.events;
      deliveredBytes += response.bytes;
    }
  }
  return {
    streams: streams.size,
    subscribers,
    lagging,
    published: sequencer.published,
    deliveredEvents,
    deliveredBytes,
    historyBytes: streams.bytes,
    gaps,
    resets,
    flushEvents: sequencer.flushEvents,
    latencyMs: sequencer.latencyMs,
    ended: ended.counts,
    log,
  };
}

/** Describes a subscriber of a hub that has reached position `head`. */
export function subscriberInfo(
  subscriber: Subscriber,
  audience: Audience,
  head: number,
): SubscriberInfo {
  const { context, response } = subscriber;
  return {
    streams: audience.names,
    context,
    ageMs: response.ageMs,
    events: response.events,
    behind: subscriber.behind(head),
  };
}

/** Describes a stream. */
export function streamInfo(stream: Stream): StreamInfo {
  const { name, history, isEnded, isEphemeral, subscribers, published } = stream;
  const { events, bytes, newest, evictedThrough } = history;
  const hasIds = events > 0 && !isEphemeral;
  return {
    name,
    subscribers,
    published,
    events,
    bytes,
    firstId: hasIds ? history.idOf(history.next(evictedThrough)) : "",
    lastId: hasIds ? history.idOf(newest) : "",
    isEnded,
    isEphemeral,
  };
}
