/**
 * How a client comes into a hub, and out of it: from what its request asks for to its open response, and
 * to its end.
 *
 * @module
 */

import type { Audiences } from "./audiences.ts";
import { encodeHello, encodeReset } from "../wire/control_events.ts";
import type { Counters } from "./counters.ts";
import { encodeEvent } from "../wire/event.ts";
import {
  closeOnAbort,
  type ConnectionEnd,
  EventResponse,
  retryLater,
  withStreamHeaders,
} from "../wire/event_response.ts";
import { watch } from "../wire/liveness.ts";
import type { LogProgress } from "./log_progress.ts";
import type { HubSettings, SubscribeOptions, Subscription } from "./options.ts";
import { guard } from "../wire/report.ts";
import type { SubscribeRequest } from "./subscribe_request.ts";

/** Subscribes clients to the streams of a hub. */
export class Subscriptions {
  readonly #settings: HubSettings;
  readonly #progress: LogProgress;
  readonly #audiences: Audiences;
  readonly #counters: Counters;

  /** Begins with no subscriber. */
  constructor(
    settings: HubSettings,
    progress: LogProgress,
    audiences: Audiences,
    counters: Counters,
  ) {
    this.#settings = settings;
    this.#progress = progress;
    this.#audiences = audiences;
    this.#counters = counters;
  }

  /** Opens a response for what a request asks for; or answers 204 where nothing more will come. */
  open(request: Request, wanted: SubscribeRequest, options: SubscribeOptions): Response {
    const { context, expiresInMs = Infinity, signal, onEnd } = options;
    const headers = withStreamHeaders(options.headers);
    const { report, onSubscribe } = this.#settings;
    const { streams, since } = wanted;
    const entry = { subscription: { streams, context }, expiresInMs, onEnd };
    let response: EventResponse | undefined;
    try {
      const afterId = this.#knownId(wanted);
      const isReset = afterId !== wanted.lastEventId;
      const entrant = { afterId, since, isReset, context };
      response = this.#audiences.admit(
        streams,
        entrant,
        (startId) => this.#connect(this.#encodeFirst(streams, startId, isReset), entry),
      );
    } catch (error) {
      // The log has thrown. Another time it may not.
      report(error);
      return retryLater();
    }
    if (!response) {
      return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    }
    const subscribed = response;
    guard((error) => subscribed.fail(error), () => onSubscribe?.(entry.subscription, request));
    if (signal) closeOnAbort(subscribed, signal);
    return subscribed.respond(headers);
  }

  // Apart from open(), so that what runs at the end keeps alive no more than this: not the request.
  #connect(first: Uint8Array, { subscription, expiresInMs, onEnd }: Entry): EventResponse {
    const response = new EventResponse(first, this.#settings.report);
    const stopWatching = watch(response, this.#settings, Date.now() + expiresInMs);
    response.onEnd((end) => {
      stopWatching();
      this.#ended(subscription, end, onEnd);
    });
    return response;
  }

  /** The id that a client brings, if it is one that a client can have of the log. */
  #knownId({ lastEventId: id }: SubscribeRequest): string | undefined {
    const { log } = this.#settings;
    if (id === undefined || !log.hasId(id)) return undefined;
    return log.isShared || this.#progress.hasReached(id) ? id : undefined;
  }

  #encodeFirst(streams: readonly string[], startId: string, isReset: boolean): Uint8Array {
    const { retryMs, heartbeatMs } = this.#settings;
    const retry = encodeEvent({ retry: retryMs });
    const reset = isReset ? encodeReset(streams) : "";
    if (isReset) this.#counters.resets++;
    return encoder.encode(retry + reset + encodeHello(startId, heartbeatMs));
  }

  #ended(subscription: Subscription, end: ConnectionEnd, onEnd: SubscribeOptions["onEnd"]): void {
    const { report, onUnsubscribe } = this.#settings;
    this.#counters.ended.count(end);
    // In a later turn: an end may come in the middle of a flush, and what an application does in its
    // hooks must not.
    queueMicrotask(() => {
      guard(report, () => onEnd?.(end));
      guard(report, () => onUnsubscribe?.(subscription, end));
    });
  }
}

/** What is needed of a subscription until it has ended. */
interface Entry {
  readonly subscription: Subscription;
  readonly expiresInMs: number;
  readonly onEnd: SubscribeOptions["onEnd"];
}

const encoder = new TextEncoder();
