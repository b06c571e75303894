/**
 * Subscribing a client: from a parsed request to an open response, and to the end of the connection.
 *
 * @module
 */

import type { Audiences } from "./audiences.ts";
import {
  encodeEnded,
  encodeHello,
  encodeReset,
  ENDED_RETRY_MS,
  type GoawayReason,
} from "../wire/control_events.ts";
import type { Counters } from "./counters.ts";
import { encodeEvent } from "../wire/event.ts";
import {
  closeOnAbort,
  type ConnectionEnd,
  EventResponse,
  type EventResponseSettings,
  withStreamHeaders,
} from "../wire/event_response.ts";
import { goawayRetryMs } from "../wire/ending.ts";
import { retryLater } from "../wire/retry_later.ts";
import { watch } from "../wire/liveness.ts";
import type { LogProgress } from "./log_progress.ts";
import type { Mode } from "./mode.ts";
import type { HubSettings, SubscribeOptions, Subscription } from "./options.ts";
import { guard } from "../wire/report.ts";
import type { SubscribeRequest } from "./subscribe_request.ts";
import type { Subscriber } from "./subscriber.ts";
import type { ClientIdentity } from "./subscriber_filter.ts";
import type { Subscribers } from "./subscribers.ts";

/** Subscribes clients to the streams of a hub. */
export class Subscriptions {
  readonly #settings: HubSettings;
  /** The settings of responses without control events. */
  readonly #silentSettings: HubSettings & EventResponseSettings;
  readonly #progress: LogProgress;
  readonly #audiences: Audiences;
  readonly #counters: Counters;
  readonly #subscribers: Subscribers;

  /** Begins without subscribers. */
  constructor(
    settings: HubSettings,
    progress: LogProgress,
    audiences: Audiences,
    counters: Counters,
    subscribers: Subscribers,
  ) {
    this.#settings = settings;
    this.#silentSettings = { ...settings, omitsControl: true };
    this.#progress = progress;
    this.#audiences = audiences;
    this.#counters = counters;
    this.#subscribers = subscribers;
  }

  /**
   * Opens the response to a subscribe request. If all streams have ended and the client has every event,
   * the response is a 204 or an event `ended`.
   */
  open(request: Request, wanted: SubscribeRequest, options: SubscribeOptions): Response {
    const { context, client = NOBODY, expiresInMs = Infinity, signal, onEnd } = options;
    const headers = withStreamHeaders(options.headers);
    const { report, onSubscribe } = this.#settings;
    const { streams, since, mode, lastEventId } = wanted;
    const entry: Entry = { streams, context, mode, expiresInMs, onEnd, subscriber: undefined };
    let subscriber: Subscriber | "full" | undefined;
    try {
      const afterId = this.#knownId(wanted);
      const isReset = afterId !== wanted.lastEventId;
      const entrant = { afterId, since, isReset, context, client, lastEventId };
      subscriber = this.#audiences.admit(
        wanted,
        entrant,
        (startId) => this.#connect(this.#encodeFirst(entry, startId, isReset), entry),
      );
    } catch (error) {
      // The log has thrown. It may recover, so the client is asked to reconnect later.
      report(error);
      return this.refuse(request, "unavailable", mode, options);
    }
    if (!subscriber) return this.#answerEnded(request, wanted, options);
    if (subscriber === "full") return this.refuse(request, "overloaded", mode, options);
    entry.subscriber = subscriber;
    const { response } = subscriber;
    const subscription = this.#describe(entry);
    guard((error) => response.fail(error), () => onSubscribe?.(subscription, request));
    if (signal) closeOnAbort(response, signal);
    return response.respond(headers);
  }

  /** Asks a client that can't be served now to reconnect later. */
  refuse(
    request: Request,
    reason: GoawayReason,
    { omitsControl }: Mode,
    { onEnd }: SubscribeOptions,
  ): Response {
    const { ending } = this.#settings;
    const retryMs = goawayRetryMs(reason, this.#settings);
    return retryLater(request, {
      reason,
      retryMs,
      ending,
      control: omitsControl ? "none" : "all",
      onEnd: (end) => queueMicrotask(() => guard(this.#settings.report, () => onEnd?.(end))),
    });
  }

  /** Answers a client that has every event of ended streams. */
  #answerEnded(
    request: Request,
    { streams, lastEventId, mode }: SubscribeRequest,
    { headers, onEnd }: SubscribeOptions,
  ): Response {
    const { omitsControl } = mode;
    // A newcomer has not had `ended`: its page would see a 204 as an error.
    const isTold = lastEventId !== undefined || omitsControl;
    const isGone = omitsControl && this.#audiences.areEmpty(streams);
    if (isGone || (isTold && isEventSource(request))) {
      return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    }
    const ended = encodeEnded(streams, this.#progress.headId);
    const first = omitsControl ? encoder.encode(encodeEvent({ retry: ENDED_RETRY_MS })) : NOTHING;
    const response = new EventResponse(first, this.#settings);
    response.onEnd((end) => queueMicrotask(() => guard(this.#settings.report, () => onEnd?.(end))));
    response.end(omitsControl ? undefined : encoder.encode(ended));
    return response.respond(withStreamHeaders(headers));
  }

  // Not part of open(), whose closures would keep the request alive until the connection ends.
  #connect(first: Uint8Array, entry: Entry): EventResponse {
    const { streams, mode, expiresInMs } = entry;
    const settings = mode.omitsControl ? this.#silentSettings : this.#settings;
    const response = new EventResponse(first, settings);
    const { heartbeatMs, stallMs } = settings;
    // A client without control events can't tell such an end from a failure.
    const isRenewable = !mode.omitsControl && this.#audiences.areResumable(streams);
    const liveness = isRenewable ? settings : { heartbeatMs, stallMs };
    const stopWatching = watch(response, liveness, Date.now() + expiresInMs);
    response.onEnd((end) => {
      stopWatching();
      this.#ended(entry, end);
    });
    return response;
  }

  /**
   * Returns the client's id; `undefined` if the client has none, or none that this log can have given.
   */
  #knownId({ lastEventId: id }: SubscribeRequest): string | undefined {
    const { log } = this.#settings;
    return id !== undefined && this.#progress.knows(id, log) ? id : undefined;
  }

  /** Encodes what a response begins with: `retry` shares the block of the event that follows. */
  #encodeFirst({ streams, mode }: Entry, startId: string, isReset: boolean): Uint8Array {
    const { retryMs, heartbeatMs } = this.#settings;
    const retry = encodeEvent({ retry: retryMs });
    if (mode.omitsControl) return encoder.encode(retry);
    const reset = isReset ? encodeReset(streams) : "";
    if (isReset) this.#counters.resets++;
    return encoder.encode(retry + reset + encodeHello(startId, heartbeatMs));
  }

  #ended(entry: Entry, end: ConnectionEnd): void {
    const { report, onUnsubscribe } = this.#settings;
    this.#counters.ended.count(end);
    // In a later turn: a connection may end in the middle of a flush, where a hook must not publish.
    queueMicrotask(() => {
      const lastId = entry.subscriber?.endId;
      const told = lastId === undefined ? end : { ...end, lastId };
      guard(report, () => entry.onEnd?.(told));
      guard(report, () => onUnsubscribe?.(this.#describe(entry), told));
    });
  }

  #describe({ streams, context, subscriber }: Entry): Subscription {
    return { id: subscriber ? this.#subscribers.idOf(subscriber) : "", streams, context };
  }
}

/**
 * Whether a request has the headers of an `EventSource`, which stops reconnecting after a 204. Other
 * clients treat a 204 as a failure and reconnect without end; no other known client sends these headers.
 */
function isEventSource({ headers }: Request): boolean {
  return headers.get("accept") === "text/event-stream" &&
    headers.get("cache-control") === "no-cache";
}

/** What a subscription needs until its connection has ended. */
interface Entry {
  readonly streams: readonly string[];
  readonly context: unknown;
  readonly mode: Mode;
  readonly expiresInMs: number;
  readonly onEnd: SubscribeOptions["onEnd"];
  /** Known once the subscriber is admitted. */
  subscriber: Subscriber | undefined;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();
const NOBODY: ClientIdentity = {};
