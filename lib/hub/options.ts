/**
 * The options of a hub, their defaults and their check.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import { checkEnding, type Ending } from "../wire/ending.ts";
import type { ConnectionEnd } from "../wire/event_response.ts";
import type { EventLog } from "../log/event_log.ts";
import { MemoryLog } from "../log/memory.ts";
import { checkModeOptions, type ModeOptions } from "./mode.ts";
import { DURATION, RETRY } from "../wire/number_option.ts";
import { type Report, reportTo } from "../wire/report.ts";
import { steadyClock } from "../wire/steady_clock.ts";
import { checkIdentity, type ClientIdentity, type SubscriberFilter } from "./subscriber_filter.ts";
import { checkSlowPolicy, sharedStreamRules, type StreamOptions } from "./stream_options.ts";

/** Options of a {@linkcode BroadcastHub}. Options of a stream apply to streams without their own. */
export interface HubOptions extends Omit<StreamOptions, "ephemeral"> {
  /**
   * How long a client waits before it reconnects, in milliseconds.
   *
   * @default {2_000}
   */
  readonly retryMs?: number;
  /**
   * The longest silence before a subscriber is sent a heartbeat, in milliseconds. 0 is off.
   *
   * @default {15_000}
   */
  readonly heartbeatMs?: number;
  /**
   * How long bytes may wait for a subscriber that takes none, in milliseconds. At most a second later
   * its connection ends, reason `stalled`. 0 is off.
   *
   * @default {60_000}
   */
  readonly stallMs?: number;
  /**
   * How long a connection may last, in milliseconds, 10 % more or less. The connection then ends with a
   * `goaway`, and its client reconnects within a second. Connections with an ephemeral stream, which
   * can't be resumed, have no limit. 0 is off.
   *
   * @default {0}
   */
  readonly maxConnectionMs?: number;
  /**
   * How a connection ends if its client is to reconnect: after `slow`, `stalled`, `failed`, `expired` or
   * `closed`. A client gets an event `goaway` or `expired` before such an end, unless sending failed.
   *
   * @default {"close"}
   */
  readonly ending?: Ending;
  /**
   * The most bytes of encoded events and publishers' keys in all histories together. Beyond this limit,
   * the history of the stream that was published to longest ago is evicted first.
   *
   * @default {268_435_456}
   */
  readonly historyTotalBytes?: number;
  /**
   * The most streams. A publish that would create one more is refused.
   *
   * @default {10_000}
   */
  readonly maxStreams?: number;
  /**
   * The most audiences of one stream that get only some types of events. An audience is all subscribers
   * with the same streams and modes, and a publish costs a chunk for each. Beyond this limit, a client
   * with a new set of types is asked to reconnect later.
   *
   * @default {1_000}
   */
  readonly maxAudiences?: number;
  /**
   * The log that orders and keeps events. By default a {@linkcode MemoryLog}: in memory, for this hub
   * alone. The hub closes its log.
   */
  readonly log?: EventLog;
  /**
   * The clock by which events age, in milliseconds. If the clock goes back, throws or returns no number,
   * time stands still. By default `performance.now()`.
   */
  readonly now?: () => number;
  /**
   * Called for each new subscriber, before `subscribe()` returns the response. If the hook throws or
   * rejects, that subscriber's connection ends, reason `failed`.
   */
  readonly onSubscribe?: (subscription: Subscription, request: Request) => void;
  /** Called once for each subscriber, in the turn after its connection has ended. */
  readonly onUnsubscribe?: (subscription: Subscription, end: ConnectionEnd) => void;
  /**
   * Called with each disconnect that this hub carries out, also with those of other hubs of the log, so
   * that an application can end what it has opened itself.
   */
  readonly onDisconnect?: (filter: SubscriberFilter) => void;
  /**
   * Called when the log becomes unreachable, with the reason; again for each new reason, at most ten
   * times an outage; and once when the log is reachable again.
   */
  readonly onLogChange?: (isUp: boolean, reason?: unknown) => void;
  /**
   * Called once with each error of a hook, the clock or the log that no caller's promise carries. By
   * default such an error is one line on the console. The hub and all other subscribers go on.
   */
  readonly onError?: (error: unknown) => void;
}

/** The streams and the context of a subscriber, for hooks. */
export interface Subscription {
  /** The id of the connection: `SubscriberInfo.id`. */
  readonly id: string;
  /** The names of the streams, and the patterns, sorted. A name that a pattern covers is left out. */
  readonly streams: readonly string[];
  /** The context that the application gave: {@linkcode SubscribeOptions.context}. */
  readonly context: unknown;
}

/** Options of {@linkcode BroadcastHub.subscribe}. */
export interface SubscribeOptions extends ModeOptions {
  /** The names of the streams. By default the names in the request's query. */
  readonly streams?: readonly string[];
  /**
   * Whether a name may also be a pattern: `orders/*` for every stream below `orders/`, or `*` for all
   * streams, present and future. Names may be secrets, and a pattern reaches streams whose names its
   * client does not know: decide first whether the client may see them all.
   *
   * @default {false}
   */
  readonly patterns?: boolean;
  /** Headers to add to the response, or to replace its own. */
  readonly headers?: NonNullable<ResponseInit["headers"]>;
  /** Ends the connection, reason `closed`, when the signal is aborted. */
  readonly signal?: AbortSignal;
  /**
   * How long the connection may last, in milliseconds by the wall clock: time in which the machine is
   * suspended counts. At most a second before, the client gets an event `expired` and the connection
   * ends, reason `expired`.
   *
   * @default {Infinity}
   */
  readonly expiresInMs?: number;
  /** Called once, in the turn after this subscriber's connection has ended. */
  readonly onEnd?: (end: ConnectionEnd) => void;
  /**
   * Anything that hooks and lists need to know about the subscriber, such as an address or a user. Kept
   * while the connection is open. The request is not kept, since its headers may be large.
   */
  readonly context?: unknown;
  /** Who the client is, for `disconnect()` and lists. Kept until an hour after the connection's end. */
  readonly client?: ClientIdentity;
}

/** Options with all defaults filled in. Hooks may still be missing. */
export type HubSettings =
  & Required<Omit<HubOptions, Hook | "onError">>
  & Pick<HubOptions, Hook>
  & { readonly ephemeral: false; readonly report: Report; readonly isServedElsewhere: boolean };

type Hook = "onSubscribe" | "onUnsubscribe" | "onDisconnect" | "onLogChange";

const HUB_RULES: OptionRules<HubOptions> = {
  ...sharedStreamRules,
  retryMs: RETRY,
  heartbeatMs: DURATION,
  stallMs: DURATION,
  maxConnectionMs: { min: 0 },
  ending: ANY,
  historyTotalBytes: { min: 0 },
  maxStreams: { min: 0 },
  maxAudiences: { min: 0 },
  log: ANY,
  now: ANY,
  onSubscribe: ANY,
  onUnsubscribe: ANY,
  onDisconnect: ANY,
  onLogChange: ANY,
  onError: ANY,
};

const SUBSCRIBE_RULES: OptionRules<SubscribeOptions> = {
  streams: ANY,
  patterns: ANY,
  control: ANY,
  heartbeat: ANY,
  label: ANY,
  format: ANY,
  event: ANY,
  headers: ANY,
  signal: ANY,
  expiresInMs: {},
  onEnd: ANY,
  context: ANY,
  client: ANY,
};

/**
 * Checks the options of a subscription.
 *
 * @throws {TypeError} If an option is unknown, or `event` has a text that can't be asked for.
 * @throws {RangeError} If an option is out of range.
 */
export function checkSubscribeOptions(options: SubscribeOptions): void {
  checkOptions("subscribe", options, SUBSCRIBE_RULES);
  checkModeOptions(options);
  if (options.client !== undefined) checkIdentity("subscribe", options.client);
}

/**
 * Checks the options of a hub and fills in the defaults.
 *
 * @throws {TypeError} If an option is unknown.
 * @throws {RangeError} If an option is out of range.
 */
export function hubSettings(options: HubOptions): HubSettings {
  checkOptions("create hub", options, HUB_RULES);
  checkSlowPolicy("create hub", options);
  checkEnding("create hub", options.ending);
  const { slowSubscriber = "disconnect", replayEvents = 0 } = options;
  const { historyEvents = 1_000, historyBytes = 1_048_576, historyMs = 3_600_000 } = options;
  const { historyTotalBytes = 268_435_456, maxStreams = 10_000 } = options;
  const { retryMs = 2_000, heartbeatMs = 15_000, stallMs = 60_000, ending = "close" } = options;
  const { maxConnectionMs = 0, maxAudiences = 1_000 } = options;
  const { log = new MemoryLog(), now = () => performance.now() } = options;
  const { onSubscribe, onUnsubscribe, onDisconnect, onLogChange, onError } = options;
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
    maxAudiences,
    retryMs,
    heartbeatMs,
    stallMs,
    maxConnectionMs,
    ending,
    isServedElsewhere: log.isShared,
    log,
    now: steadyClock(now, report),
    report,
    ...onSubscribe && { onSubscribe },
    ...onUnsubscribe && { onUnsubscribe },
    ...onDisconnect && { onDisconnect },
    ...onLogChange && { onLogChange },
  };
}
