/**
 * The way of a client into a hub: from what its request asks for to its open response, and to its end.
 *
 * @module
 */

import { encodeEvent } from "./event.ts";
import type { Feed } from "./feed.ts";
import type { Feeds } from "./feeds.ts";
import type { Figures } from "./figures.ts";
import type { HubSettings, SubscribeOptions, Subscription } from "./hub_options.ts";
import { compareIds } from "./log/log.ts";
import { checkNumbers } from "./number_option.ts";
import { guard } from "./report.ts";
import { type ConnectionEnd, EventResponse, retryLater, withStreamHeaders } from "./response.ts";
import { encodeHello, encodeReset, type Wish } from "./resume.ts";
import { type Start, Subscriber } from "./subscriber.ts";
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
    const { context, expiresInMs = Infinity, onEnd } = options;
    checkNumbers("subscribe", { expiresInMs }, { expiresInMs: {} });
    const headers = withStreamHeaders(options.headers);
    const { report, onSubscribe } = this.#settings;
    // What waits goes to those who were here before; history and live meet within this one turn.
    this.#turns.flush();
    let begin: Begin;
    try {
      begin = this.#begin(wish);
    } catch (error) {
      // The log has thrown. Another time it may not.
      report(error);
      return retryLater();
    }
    const { feed } = begin;
    if (begin.hasEnded) {
      this.#feeds.release(feed);
      return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    }
    const response = new EventResponse(this.#encodeFirst(wish.streams, begin), report);
    const { turn } = this.#turns;
    const expiresMs = Date.now() + expiresInMs;
    const subscriber = new Subscriber(context, response, turn, expiresMs);
    const subscription = { streams: wish.streams, context };
    response.onEnd((end) => this.#ended(feed, subscriber, { subscription, end, onEnd }));
    guard((error) => response.fail(error), () => {
      feed.add(subscriber, begin.start);
      return onSubscribe?.(subscription, request);
    });
    return response.respond(headers);
  }

  #begin({ streams, lastEventId, since }: Wish): Begin {
    const feed = this.#feeds.open(streams, this.#settings.now());
    try {
      feed.advance(this.#turns.head);
      const isReset = lastEventId !== undefined && !this.#isKnown(lastEventId);
      const start = lastEventId === undefined || isReset
        ? feed.startAt(since)
        : feed.resumeAt(lastEventId);
      const hasEnded = feed.isEnded && !isReset && !feed.hasAfter(start);
      return { feed, start, isReset, hasEnded };
    } catch (error) {
      this.#feeds.release(feed);
      throw error;
    }
  }

  /** Whether an id is one that a client can have of the log. */
  #isKnown(id: string): boolean {
    const { log } = this.#settings;
    // One from ahead is known to a log that others append to: this instance has yet to get there.
    const isShared = log.read !== undefined;
    return log.hasId(id) && (isShared || compareIds(id, this.#turns.headId) <= 0);
  }

  #encodeFirst(streams: readonly string[], { start, isReset }: Begin): Uint8Array {
    const { retryMs, heartbeatMs } = this.#settings;
    const retry = encodeEvent({ retry: retryMs });
    const reset = isReset ? encodeReset(streams) : "";
    if (isReset) this.#figures.resets++;
    return encoder.encode(retry + reset + encodeHello(start.id, heartbeatMs));
  }

  async #ended(
    feed: Feed,
    subscriber: Subscriber,
    { subscription, end, onEnd }: Ended,
  ): Promise<void> {
    const { report, onUnsubscribe } = this.#settings;
    this.#figures.countEnd(end);
    feed.remove(subscriber);
    this.#feeds.release(feed);
    // In a later turn: an end may come in the middle of a flush, and what an application does in its
    // hooks must not.
    await Promise.resolve();
    guard(report, () => onEnd?.(end));
    guard(report, () => onUnsubscribe?.(subscription, end));
  }
}

/** How a subscription begins. */
interface Begin {
  readonly feed: Feed;
  readonly start: Start;
  /** Whether the id that the client brought means nothing here. */
  readonly isReset: boolean;
  /** Whether the client has everything, and nothing more will come. */
  readonly hasEnded: boolean;
}

/** A subscriber that has ended, as the application is told of it. */
interface Ended {
  readonly subscription: Subscription;
  readonly end: ConnectionEnd;
  readonly onEnd: SubscribeOptions["onEnd"];
}

const encoder = new TextEncoder();
