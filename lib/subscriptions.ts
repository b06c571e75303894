/**
 * The way of a client into a hub: from what its request asks for to its open response, and to its end.
 *
 * @module
 */

import type { Audience } from "./audience.ts";
import type { Audiences } from "./audiences.ts";
import { encodeHello, encodeReset } from "./control_events.ts";
import type { Counters } from "./counters.ts";
import { encodeEvent } from "./event.ts";
import {
  type ConnectionEnd,
  EventResponse,
  retryLater,
  withStreamHeaders,
} from "./event_response.ts";
import type { LogProgress } from "./log_progress.ts";
import { checkNumbers } from "./number_option.ts";
import type { HubSettings, SubscribeOptions, Subscription } from "./options.ts";
import { guard } from "./report.ts";
import type { Sequencer } from "./sequencer.ts";
import type { SubscribeRequest } from "./subscribe_request.ts";
import { type Start, Subscriber } from "./subscriber.ts";

/** Subscribes clients to the streams of a hub. */
export class Subscriptions {
  readonly #settings: HubSettings;
  readonly #sequencer: Sequencer;
  readonly #progress: LogProgress;
  readonly #audiences: Audiences;
  readonly #counters: Counters;

  /** Begins with no subscriber. */
  constructor(
    settings: HubSettings,
    sequencer: Sequencer,
    progress: LogProgress,
    audiences: Audiences,
    counters: Counters,
  ) {
    this.#settings = settings;
    this.#sequencer = sequencer;
    this.#progress = progress;
    this.#audiences = audiences;
    this.#counters = counters;
  }

  /** Opens a response; or answers 204 where nothing more will come. */
  open(request: Request, wanted: SubscribeRequest, options: SubscribeOptions): Response {
    const { context, expiresInMs = Infinity, onEnd } = options;
    checkNumbers("subscribe", { expiresInMs }, { expiresInMs: {} });
    const headers = withStreamHeaders(options.headers);
    const { report, onSubscribe } = this.#settings;
    // What waits goes to those who were here before; history and live meet within this one turn.
    this.#sequencer.flush();
    let begin: Begin;
    try {
      begin = this.#begin(wanted);
    } catch (error) {
      // The log has thrown. Another time it may not.
      report(error);
      return retryLater();
    }
    const { audience } = begin;
    if (begin.hasEnded) {
      this.#audiences.release(audience);
      return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    }
    const response = new EventResponse(this.#encodeFirst(wanted.streams, begin), report);
    const { turn } = this.#sequencer;
    const expiresMs = Date.now() + expiresInMs;
    const subscriber = new Subscriber(context, response, turn, expiresMs);
    const subscription = { streams: wanted.streams, context };
    response.onEnd((end) => this.#ended(audience, subscriber, { subscription, end, onEnd }));
    guard((error) => response.fail(error), () => {
      audience.add(subscriber, begin.start);
      return onSubscribe?.(subscription, request);
    });
    return response.respond(headers);
  }

  #begin({ streams, lastEventId, since }: SubscribeRequest): Begin {
    const audience = this.#audiences.open(streams, this.#settings.now());
    try {
      audience.advance(this.#sequencer.head);
      const isReset = lastEventId !== undefined && !this.#isKnown(lastEventId);
      const start = lastEventId === undefined || isReset
        ? audience.startAt(since)
        : audience.resumeAt(lastEventId);
      const hasEnded = audience.isEnded && !isReset && !audience.hasAfter(start);
      return { audience, start, isReset, hasEnded };
    } catch (error) {
      this.#audiences.release(audience);
      throw error;
    }
  }

  /** Whether an id is one that a client can have of the log. */
  #isKnown(id: string): boolean {
    const { log } = this.#settings;
    // One from ahead is known to a log that others append to: this instance has yet to get there.
    const isShared = log.read !== undefined;
    return log.hasId(id) && (isShared || this.#progress.hasReached(id));
  }

  #encodeFirst(streams: readonly string[], { start, isReset }: Begin): Uint8Array {
    const { retryMs, heartbeatMs } = this.#settings;
    const retry = encodeEvent({ retry: retryMs });
    const reset = isReset ? encodeReset(streams) : "";
    if (isReset) this.#counters.resets++;
    return encoder.encode(retry + reset + encodeHello(start.id, heartbeatMs));
  }

  async #ended(
    audience: Audience,
    subscriber: Subscriber,
    { subscription, end, onEnd }: Ended,
  ): Promise<void> {
    const { report, onUnsubscribe } = this.#settings;
    this.#counters.ended.count(end);
    audience.remove(subscriber);
    this.#audiences.release(audience);
    // In a later turn: an end may come in the middle of a flush, and what an application does in its
    // hooks must not.
    await Promise.resolve();
    guard(report, () => onEnd?.(end));
    guard(report, () => onUnsubscribe?.(subscription, end));
  }
}

/** How a subscription begins. */
interface Begin {
  readonly audience: Audience;
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
