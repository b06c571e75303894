/**
 * Server-sent events for fetch handlers.
 *
 * @module
 */

export { encodeComment, encodeEvent, type ServerSentEvent } from "./event.ts";
export { type EventParserOptions, EventParserStream, type ParsedEvent } from "./parser.ts";
