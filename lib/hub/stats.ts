/**
 * The stats of a hub, and its lists of streams and subscribers.
 *
 * @module
 */

import type { Counters } from "./counters.ts";
import type { EndReason } from "../wire/event_response.ts";
import type { HistogramCounts } from "../wire/histogram.ts";
import type { LogStats } from "../log/log_stats.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Stream } from "./stream.ts";
import type { StreamOptions } from "./stream_options.ts";
import type { Streams } from "./streams.ts";
import type { Subscriber } from "./subscriber.ts";
import type { ClientIdentity, SubscriberFilter } from "./subscriber_filter.ts";

/** A stream in a hub's list. */
export interface StreamInfo {
  /** The name. */
  readonly name: string;
  /** How many subscribers the stream has on this instance. */
  readonly subscribers: number;
  /** How many events were published since the stream was created. */
  readonly published: number;
  /** How many events a second were published lately: in the last second or so. */
  readonly rate: number;
  /** How many events the history keeps. */
  readonly events: number;
  /** How many encoded bytes the history keeps. */
  readonly bytes: number;
  /** The id of the oldest kept event; `""` if no event with an id is kept. */
  readonly firstId: string;
  /** The id of the newest kept event; `""` if no event with an id is kept. */
  readonly lastId: string;
  /** Whether the stream has ended. */
  readonly isEnded: boolean;
  /** Whether the stream is ephemeral: see `StreamOptions.ephemeral`. */
  readonly isEphemeral: boolean;
}

/** A stream with its options. */
export interface StreamDetails extends StreamInfo {
  /** Every option with the value that holds for the stream. */
  readonly options: Required<StreamOptions>;
  /** The options that `createStream()` was given; the others are the hub's. */
  readonly ownOptions: StreamOptions;
}

/** Which streams a hub lists. */
export interface StreamListOptions {
  /**
   * The list begins with the first name after this one.
   *
   * @default {""}
   */
  readonly after?: string;
  /**
   * The most streams to list.
   *
   * @default {Infinity}
   */
  readonly limit?: number;
  /**
   * A text that the names have.
   *
   * @default {""}
   */
  readonly search?: string;
  /**
   * The order: by name, or the greatest figure first.
   *
   * @default {"name"}
   */
  readonly sort?: StreamOrder;
  /**
   * How many streams to leave out at the begin of the list, to make pages of any order.
   *
   * @default {0}
   */
  readonly offset?: number;
}

/** The order of a list of streams. */
export type StreamOrder = "name" | "subscribers" | "rate" | "published" | "events" | "bytes";

/** The order of a list of subscribers. */
export type SubscriberOrder = "age" | "behind" | "events" | "bytes";

/** Which subscribers a hub lists: those that a filter means. */
export interface SubscriberListOptions extends SubscriberFilter {
  /**
   * The list begins with the first connection after the one with this id, which may have ended.
   *
   * @default {""}
   */
  readonly after?: string;
  /**
   * The most subscribers to list.
   *
   * @default {Infinity}
   */
  readonly limit?: number;
  /**
   * The order: the oldest connection first, or the greatest figure first.
   *
   * @default {"age"}
   */
  readonly sort?: SubscriberOrder;
  /**
   * How many subscribers to leave out at the begin of the list, to make pages of any order.
   *
   * @default {0}
   */
  readonly offset?: number;
}

/** Stats of a hub: for this instance, since its start. */
export interface HubStats {
  /** Streams now. */
  readonly streams: number;
  /** Subscribers now. */
  readonly subscribers: number;
  /** Subscribers now that are not current: they have yet to be sent events that are already published. */
  readonly lagging: number;
  /** Events that the hub has ordered, including those that the log had when it was opened. */
  readonly published: number;
  /** Events handed to the runtime, summed over all subscribers. */
  readonly deliveredEvents: number;
  /** Bytes handed to the runtime, summed over all subscribers, heartbeats included. */
  readonly deliveredBytes: number;
  /** Bytes of encoded events and publishers' keys in all histories. */
  readonly historyBytes: number;
  /** `gap` events sent, summed over all subscribers. */
  readonly gaps: number;
  /** `reset` events sent, summed over all subscribers. */
  readonly resets: number;
  /** Events in each flush. */
  readonly flushEvents: HistogramCounts;
  /** From a flush's first event until the runtime had all events of the flush, in milliseconds. */
  readonly latencyMs: HistogramCounts;
  /** Subscribers whose connections have ended, by reason. */
  readonly ended: Readonly<Record<EndReason, number>>;
  /** The log's own stats; `undefined` for a log without stats, such as the log in memory. */
  readonly log: LogStats | undefined;
}

/** A subscriber in a hub's list. */
export interface SubscriberInfo {
  /** The id of the connection, which no connection of any instance had before. */
  readonly id: string;
  /** The names of the streams, and the patterns, sorted. */
  readonly streams: readonly string[];
  /** The `context` that the application gave to `subscribe()`. */
  readonly context: unknown;
  /** The `client` that the application gave to `subscribe()`. */
  readonly client: ClientIdentity;
  /** How long the connection has been open, in milliseconds. */
  readonly ageMs: number;
  /** Events handed to the runtime for this subscriber. */
  readonly events: number;
  /** Bytes handed to the runtime for this subscriber. */
  readonly bytes: number;
  /** The id through which the subscriber was sent everything. */
  readonly lastId: string;
  /** How many of the hub's events the subscriber is behind, counting events of all streams. */
  readonly behind: number;
}

/** The parts of a hub that its stats are read from. */
export interface StatsSource {
  readonly counters: Counters;
  readonly sequencer: Sequencer;
  readonly streams: Streams;
  readonly open: Iterable<Subscriber>;
  readonly log: LogStats | undefined;
}

/** Returns a hub's stats. The cost is proportional to the number of subscribers. */
export function hubStats({ counters, sequencer, streams, open, log }: StatsSource): HubStats {
  const { gaps, resets, ended } = counters;
  let subscribers = 0;
  let lagging = 0;
  let deliveredEvents = ended.events;
  let deliveredBytes = ended.bytes;
  for (const { state, response } of open) {
    subscribers++;
    if (state.name !== "current") lagging++;
    deliveredEvents += response.events;
    deliveredBytes += response.bytes;
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

/** Describes a subscriber of a hub whose newest event is at position `head`. */
export function subscriberInfo(
  subscriber: Subscriber,
  id: string,
  head: number,
): SubscriberInfo {
  const { context, client, audience, response } = subscriber;
  return {
    id,
    streams: audience.names,
    context,
    client,
    ageMs: response.ageMs,
    events: response.events,
    bytes: response.bytes,
    lastId: audience.lastIdOf(subscriber),
    behind: subscriber.behind(head),
  };
}

/** The figures by which a list of streams can be ordered. */
export const streamFigures: Readonly<Record<StreamOrder, (stream: Stream) => number>> = {
  name: () => 0,
  subscribers: ({ allSubscribers }) => allSubscribers,
  rate: ({ rate }) => rate,
  published: ({ published }) => published,
  events: ({ history }) => history.events,
  bytes: ({ history }) => history.bytes,
};

/** The orders of a list of streams; the default comes first. */
export const streamOrders = Object.keys(streamFigures) as readonly StreamOrder[];

/** The orders of a list of subscribers; the default comes first. */
export const subscriberOrders: readonly SubscriberOrder[] = ["age", "behind", "events", "bytes"];

/** The figures by which a list of subscribers of a hub whose newest event is at `head` can be ordered. */
export function subscriberFigures(
  head: number,
): Readonly<Record<SubscriberOrder, (subscriber: Subscriber) => number>> {
  return {
    age: () => 0,
    behind: (subscriber) => subscriber.behind(head),
    events: ({ response }) => response.events,
    bytes: ({ response }) => response.bytes,
  };
}

/** Describes a stream. */
export function streamInfo(stream: Stream): StreamInfo {
  const { name, history, isEnded, isEphemeral, published, rate } = stream;
  const { events, bytes, newest, evictedThrough } = history;
  const hasIds = events > 0 && !isEphemeral;
  return {
    name,
    subscribers: stream.allSubscribers,
    published,
    rate,
    events,
    bytes,
    firstId: hasIds ? history.idOf(history.next(evictedThrough)) : "",
    lastId: hasIds ? history.idOf(newest) : "",
    isEnded,
    isEphemeral,
  };
}

/** Describes a stream with its options. */
export function streamDetails(stream: Stream): StreamDetails {
  const { options, ownOptions } = stream;
  return { ...streamInfo(stream), options, ownOptions };
}
