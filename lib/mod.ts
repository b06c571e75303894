/**
 * Server-sent events for fetch handlers.
 *
 * @module
 */

export { encodeComment, encodeEvent, type ServerSentEvent } from "./event.ts";
export { type EventParserOptions, EventParserStream, type ParsedEvent } from "./parser.ts";
export {
  type CleanUp,
  eventStream,
  type EventStreamOptions,
  type EventStreamSource,
  EventWriter,
} from "./connection.ts";
export {
  type ConnectionEnd,
  type EndReason,
  EventResponse,
  eventStreamHeaders,
  retryLater,
} from "./response.ts";
