/**
 * A client for event streams, in browsers, workers, Deno, Node and Bun: {@linkcode subscribe} reconnects
 * and resumes until the stream ends. What it needs for more is imported by name, so that a bundler leaves
 * out the rest: {@linkcode sharing}, {@linkcode idStore}, {@linkcode validated}.
 *
 * @module
 */

export { subscribe } from "./subscribe.ts";
export { openSubscription, type SubscribeArguments } from "./open_subscription.ts";
export { Subscription } from "./subscription.ts";
export type { SubscriptionOptions } from "./options.ts";
export type { AttemptInfo, EachAttempt, Params, RequestOptions } from "./request.ts";
export type { Cut, State } from "./state.ts";
export type { Failure, Problem } from "./failure.ts";
export type {
  ControlMessage,
  DataEvent,
  EventMessage,
  Events,
  InvalidEvent,
  ListenerEvent,
  Message,
  Parse,
  TextEvents,
} from "./message.ts";
export { json } from "./json.ts";
export {
  type Schema,
  type SchemaEvents,
  type SchemaIssue,
  type SchemaResult,
  validated,
  ValidationError,
} from "./validated.ts";
export { type IdStorage, type IdStore, idStore, type StoredId } from "./id_store.ts";
export { sharing, type SharingOptions } from "./sharing.ts";
export { type PageEvents, pageEvents, pageEventsOf, type PageTarget } from "./page_events.ts";
export { type SetStreams, setStreams } from "./set_streams.ts";
export { publish, type PublishAnswer, type PublishOptions } from "./publish.ts";
export type { Host } from "./host.ts";
export type { ParsedEvent } from "../wire/event_parser.ts";
export type { ServerSentEvent } from "../wire/event.ts";
export type { Attempt } from "./attempt.ts";
export type { Link } from "./keep_connected.ts";
export type { Attempts, End, SharedTransport, Sharing, Sink, Transport } from "./transport.ts";
export type { LockOptions, Locks } from "./tab_lock.ts";
export type { OpenChannel, TabChannel, TabMessage } from "./tab_channel.ts";
