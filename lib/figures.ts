/**
 * What a hub can say of itself: its streams, and its figures.
 *
 * @module
 */

import type { Feed } from "./feed.ts";
import type { Ids } from "./resume.ts";
import type { ConnectionEnd, EndReason } from "./response.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";

/** A stream as a hub lists it. */
export interface StreamInfo {
  /** Its name. */
  readonly name: string;
  /** Its subscribers on this instance. */
  readonly subscribers: number;
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

/** Figures of a hub: of this instance, since its start. */
export interface HubStats {
  /** Streams now. */
  readonly streams: number;
  /** Subscribers now. */
  readonly subscribers: number;
  /** Of these, those that have yet to be sent something already published. */
  readonly lagging: number;
  /** Events published. */
  readonly published: number;
  /** Events handed to the runtime, summed over all subscribers. */
  readonly deliveredEvents: number;
  /** Bytes handed to the runtime, summed over all subscribers, heartbeats included. */
  readonly deliveredBytes: number;
  /** Encoded bytes kept in all histories. */
  readonly historyBytes: number;
  /** Subscribers that have ended, by reason. */
  readonly ended: Readonly<Record<EndReason, number>>;
}

/** Counts what can't be read off a hub's present state. */
export class Figures {
  #events = 0;
  #bytes = 0;
  readonly #ended = { left: 0, ended: 0, slow: 0, failed: 0, closed: 0, expired: 0, stalled: 0 };

  /** Counts a subscriber that has ended. */
  countEnd({ reason, events, bytes }: ConnectionEnd): void {
    this.#ended[reason]++;
    this.#events += events;
    this.#bytes += bytes;
  }

  /** The figures now, at a cost in proportion to the subscribers. */
  stats(published: number, streams: Streams, feeds: Iterable<Feed>): HubStats {
    let subscribers = 0;
    let lagging = 0;
    let deliveredEvents = this.#events;
    let deliveredBytes = this.#bytes;
    for (const feed of feeds) {
      for (const { cursor, response } of feed.subscribers) {
        subscribers++;
        if (cursor !== undefined) lagging++;
        deliveredEvents += response.events;
        deliveredBytes += response.bytes;
      }
    }
    return {
      streams: streams.size,
      subscribers,
      lagging,
      published,
      deliveredEvents,
      deliveredBytes,
      historyBytes: streams.bytes,
      ended: { ...this.#ended },
    };
  }
}

/** Describes a stream. */
export function streamInfo(stream: Stream, ids: Ids): StreamInfo {
  const { name, history, isEnded, isEphemeral, subscribers } = stream;
  const { events, bytes, newest, evictedThrough } = history;
  const hasIds = events > 0 && !isEphemeral;
  return {
    name,
    subscribers,
    events,
    bytes,
    firstId: hasIds ? ids.format(history.next(evictedThrough)) : "",
    lastId: hasIds ? ids.format(newest) : "",
    isEnded,
    isEphemeral,
  };
}
