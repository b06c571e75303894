/**
 * Server-sent events for fetch handlers, in two shapes: {@linkcode eventStream} gives each client a
 * stream of its own, and {@linkcode BroadcastHub} has named streams that many clients share.
 *
 * The exports in reading order: encoding an event, parsing a stream of events, one connection, the hub.
 *
 * @example
 * ```ts
 * import { BroadcastHub, eventStream } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * await using hub = new BroadcastHub();
 *
 * function handler(request: Request): Response {
 *   if (new URL(request.url).searchParams.has("stream")) return hub.subscribe(request);
 *   return eventStream((writer) => {
 *     writer.every(1_000, () => `time: ${new Date().toISOString()}`);
 *   });
 * }
 *
 * const response = handler(new Request("http://localhost/sse?stream=news"));
 * assertEquals(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
 * await response.body!.cancel();
 * ```
 *
 * @module
 */

export { encodeComment, encodeEvent, type ServerSentEvent } from "./wire/event.ts";
export { type EventParserOptions, EventParserStream, type ParsedEvent } from "./wire/parser.ts";
export {
  type CleanUp,
  eventStream,
  type EventStreamOptions,
  type EventStreamSource,
} from "./wire/event_stream.ts";
export type { EventWriter } from "./wire/event_writer.ts";
export { type ConnectionEnd, type EndReason, eventStreamHeaders } from "./wire/event_response.ts";
export { CutConnection, type Ending } from "./wire/ending.ts";
export type { Control, GoawayReason } from "./wire/control_events.ts";
export { retryLater, type RetryLaterOptions } from "./wire/retry_later.ts";
export { BroadcastHub } from "./hub/hub.ts";
export { HubError, type HubErrorCode } from "./hub/hub_error.ts";
export type { Published } from "./hub/publisher.ts";
export type { EventPage, ReadBackOptions, StoredEvent } from "./hub/read_back.ts";
export { type Piped, PipeError, type PipeOptions } from "./hub/pipe.ts";
export type { HubOptions, SubscribeOptions, Subscription } from "./hub/options.ts";
export type { ModeOptions } from "./hub/mode.ts";
export type { ClientIdentity, SubscriberFilter } from "./hub/subscriber_filter.ts";
export type { DisconnectOptions } from "./hub/disconnects.ts";
export type { ClientExplanation, ExplainedEvent, Explanation } from "./hub/explain.ts";
export type { ConnectionAnswer, Outcome } from "./hub/outcome.ts";
export type { Decision, DecisionName, Trace } from "./hub/trace.ts";
export type { SlowPolicy, StreamOptions } from "./hub/stream_options.ts";
export type {
  HubStats,
  StreamDetails,
  StreamInfo,
  StreamListOptions,
  StreamOrder,
  SubscriberInfo,
  SubscriberListOptions,
  SubscriberOrder,
} from "./hub/stats.ts";
export type { HistogramCounts } from "./wire/histogram.ts";
export { compareIds } from "./wire/ids.ts";
export type { EventLog, LogEntry } from "./log/event_log.ts";
export type {
  Appended,
  AppendOptions,
  HistoryLimits,
  LeftOut,
  LogEnd,
  LogPage,
  LogReceiver,
  LossDetails,
  ReadOptions,
  StreamLimits,
} from "./log/event_log.ts";
export type { LogStats } from "./log/log_stats.ts";
export type { Note, Notes, NoteTopic } from "./log/notes.ts";
export { MemoryLog } from "./log/memory.ts";
