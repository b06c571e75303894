/**
 * The way of a client into a hub: from what its request asks for to its open response, and to its end.
 *
 * @module
 */

import type { Feed } from "./feed.ts";
import type { Feeds } from "./feeds.ts";
import type { Figures } from "./figures.ts";
import type { HubSettings, SubscribeOptions } from "./hub_options.ts";
import { compareIds } from "./log/log.ts";
import { type ConnectionEnd, EventResponse } from "./response.ts";
import { encodeHello, encodeReset, type Wish } from "./resume.ts";
import { Subscriber } from "./subscriber.ts";
import type { Turns } from "./turns.ts";

/** Subscribes clients to the streams of a hub. */
export class Subscriptions {
  readonly #settings: HubSettings;
  readonly #turns: Turns;
  readonly #feeds: Feeds;
  readonly #figures: Figures;

  /** Begins with no subscriber. */
  constructor(settings: HubSettings, turns: Turns, feeds: Feeds, figures: Figures) {
    this.#settings = settings;
    this.#turns = turns;
    this.#feeds = feeds;
    this.#figures = figures;
  }

  /** Opens a response for a wish; or answers 204 where nothing more will come. */
  open(request: Request, wish: Wish, options: SubscribeOptions): Response {
    const { streams, lastEventId, since } = wish;
    const { now, onError, onSubscribe } = this.#settings;
    const nowMs = now();
    // What waits goes to those who were here before; history and live meet within this one turn.
    this.#turns.flush();
    const feed = this.#feeds.open(streams, nowMs);
    feed.advance(this.#turns.head);
    const isReset = lastEventId !== undefined && !this.#isKnown(lastEventId);
    const start = lastEventId === undefined || isReset
      ? feed.startAt(since)
      : feed.resumeAt(lastEventId);
    if (feed.isEnded && !isReset && !feed.hasAfter(start)) {
      this.#feeds.release(feed);
      return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    }
    const response = new EventResponse(this.#encodeFirst(streams, start.id, isReset), onError);
    const expiresMs = nowMs + (options.expiresInMs ?? Infinity);
    const subscriber = new Subscriber(request, response, this.#turns.turn, expiresMs);
    response.onEnd((end) => this.#ended(feed, subscriber, options, end));
    feed.add(subscriber, start);
    try {
      onSubscribe?.({ request, streams });
    } catch (error) {
      response.fail(error);
    }
    return response.respond(options.headers);
  }

  /** Whether an id is one that a client can have of the log. */
  #isKnown(id: string): boolean {
    const { log } = this.#settings;
    // One from ahead is known to a log that others append to: this instance has yet to get there.
    const isShared = log.read !== undefined;
    return log.hasId(id) && (isShared || compareIds(id, this.#turns.headId) <= 0);
  }

  #encodeFirst(streams: readonly string[], id: string, isReset: boolean): Uint8Array {
    const { retryMs, heartbeatMs } = this.#settings;
    const hello = encodeHello(id, retryMs, heartbeatMs);
    if (!isReset) return encoder.encode(hello);
    this.#figures.resets++;
    return encoder.encode(hello + encodeReset(streams, id));
  }

  async #ended(
    feed: Feed,
    subscriber: Subscriber,
    { onEnd }: SubscribeOptions,
    end: ConnectionEnd,
  ): Promise<void> {
    this.#figures.countEnd(end);
    feed.remove(subscriber);
    this.#feeds.release(feed);
    // In a later turn: an end may come in the middle of a flush, and what an application does in its
    // hooks must not.
    await Promise.resolve();
    try {
      onEnd?.(end);
    } finally {
      this.#settings.onUnsubscribe?.({ request: subscriber.request, streams: feed.names }, end);
    }
  }
}

const encoder = new TextEncoder();
