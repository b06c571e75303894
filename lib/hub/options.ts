/**
 * The options of a hub, their defaults and their check.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import type { ConnectionEnd } from "../wire/event_response.ts";
import type { EventLog } from "../log/event_log.ts";
import { MemoryLog } from "../log/memory.ts";
import { DURATION, RETRY } from "../wire/number_option.ts";
import { type Report, reportTo } from "../wire/report.ts";
import { steadyClock } from "../wire/steady_clock.ts";
import { checkSlowPolicy, sharedStreamRules, type StreamOptions } from "./stream.ts";

/** Options of a {@linkcode BroadcastHub}; those of a stream hold for each that has none of its own. */
export interface HubOptions extends Omit<StreamOptions, "ephemeral"> {
  /**
   * How long a client waits before it reconnects, in milliseconds.
   *
   * @default {2_000}
   */
  readonly retryMs?: number;
  /**
   * The longest silence a subscriber hears before it is sent a heartbeat, in milliseconds. 0 is off.
   *
   * @default {15_000}
   */
  readonly heartbeatMs?: number;
  /**
   * How long bytes may wait for a subscriber that takes none, in milliseconds; up to a second after, it
   * ends, reason `stalled`. 0 is off.
   *
   * @default {60_000}
   */
  readonly stallMs?: number;
  /**
   * The most encoded bytes kept in all histories together, with the keys of their events; beyond it the
   * streams longest without a publish lose theirs.
   *
   * @default {268_435_456}
   */
  readonly historyTotalBytes?: number;
  /**
   * The most streams; a publish that would create one more is refused.
   *
   * @default {10_000}
   */
  readonly maxStreams?: number;
  /** Where events are ordered and kept. By default in memory, by this hub alone. The hub closes it. */
  readonly log?: EventLog;
  /** The clock events age by, in milliseconds; it never goes back. By default `performance.now()`. */
  readonly now?: () => number;
  /**
   * Called for each new subscriber, before its response is returned. If it throws or rejects, that
   * subscriber ends, reason `failed`.
   */
  readonly onSubscribe?: (subscription: Subscription, request: Request) => void;
  /** Called once for each subscriber that has ended, in a later turn. */
  readonly onUnsubscribe?: (subscription: Subscription, end: ConnectionEnd) => void;
  /**
   * Called when the log goes away, with the reason; again for each new reason while it is away, ten at
   * the most; and once when it is back.
   */
  readonly onLogChange?: (isUp: boolean, reason?: unknown) => void;
  /**
   * Called once with each error that a hook, the clock or the log throws where nobody waits for it. Left
   * out, the report is one line on the console. Whatever throws, the hub and its other subscribers go on.
   */
  readonly onError?: (error: unknown) => void;
}

/** Who subscribed to what. */
export interface Subscription {
  /** The names of the streams, sorted. */
  readonly streams: readonly string[];
  /** What the application gave with it: {@linkcode SubscribeOptions.context}. */
  readonly context: unknown;
}

/** Options of {@linkcode BroadcastHub.subscribe}. */
export interface SubscribeOptions {
  /** The names of the streams. By default those that the request's query names. */
  readonly streams?: readonly string[];
  /** Headers to add to those every event stream has, or to set instead. */
  readonly headers?: HeadersInit;
  /** Ends the subscription, reason `closed`, when it is aborted. */
  readonly signal?: AbortSignal;
  /**
   * How long it may last, in milliseconds by the wall clock, so that the time counts in which the
   * machine is suspended. Up to a second before, it gets an event `expired` and ends, reason `expired`.
   *
   * @default {Infinity}
   */
  readonly expiresInMs?: number;
  /** Called once when this subscriber has ended, in a later turn. */
  readonly onEnd?: (end: ConnectionEnd) => void;
  /**
   * What the application wants to know of the subscriber in hooks and lists: an address, a user. Kept as
   * long as the subscriber is there, unlike its request, whose headers may be large.
   */
  readonly context?: unknown;
}

/** Options with nothing left out, but for the hooks. */
export type HubSettings =
  & Required<Omit<HubOptions, Hook | "onError">>
  & Pick<HubOptions, Hook>
  & { readonly ephemeral: false; readonly report: Report };

type Hook = "onSubscribe" | "onUnsubscribe" | "onLogChange";

const HUB_RULES: OptionRules<HubOptions> = {
  ...sharedStreamRules,
  retryMs: RETRY,
  heartbeatMs: DURATION,
  stallMs: DURATION,
  historyTotalBytes: { min: 0 },
  maxStreams: { min: 0 },
  log: ANY,
  now: ANY,
  onSubscribe: ANY,
  onUnsubscribe: ANY,
  onLogChange: ANY,
  onError: ANY,
};

const SUBSCRIBE_RULES: OptionRules<SubscribeOptions> = {
  streams: ANY,
  headers: ANY,
  signal: ANY,
  expiresInMs: {},
  onEnd: ANY,
  context: ANY,
};

/**
 * Checks the options of a subscription.
 *
 * @throws {TypeError} If one is no option of a subscription.
 * @throws {RangeError} If one is out of range.
 */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkOptions("subscribe", options, SUBSCRIBE_RULES);
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {TypeError} If one is no option of a hub.
 * @throws {RangeError} If one is out of range.
 */
export function hubSettings(options: HubOptions): HubSettings {
  checkOptions("create hub", options, HUB_RULES);
  checkSlowPolicy("create hub", options);
  const { slowSubscriber = "disconnect", replayEvents = 0 } = options;
  const { historyEvents = 1_000, historyBytes = 1_048_576, historyMs = 3_600_000 } = options;
  const { historyTotalBytes = 268_435_456, maxStreams = 10_000 } = options;
  const { retryMs = 2_000, heartbeatMs = 15_000, stallMs = 60_000 } = options;
  const { log = new MemoryLog(), now = () => performance.now() } = options;
  const { onSubscribe, onUnsubscribe, onLogChange, onError } = options;
  const report = reportTo(onError);
  return {
    ephemeral: false,
    slowSubscriber,
    replayEvents,
    historyEvents,
    historyBytes,
    historyMs,
    historyTotalBytes,
    maxStreams,
    retryMs,
    heartbeatMs,
    stallMs,
    log,
    now: steadyClock(now, report),
    report,
    ...onSubscribe && { onSubscribe },
    ...onUnsubscribe && { onUnsubscribe },
    ...onLogChange && { onLogChange },
  };
}
