/**
 * Parses `text/event-stream` bytes into events: the opposite of `event.ts`. The caller connects and
 * reconnects.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "./check_options.ts";
import {
  createEventParser,
  type EventParser,
  type EventParserOptions,
  type ParsedEvent,
} from "./event_parser.ts";

export type { EventParserOptions, ParsedEvent } from "./event_parser.ts";

/**
 * Parses a byte stream into events. Chunks may begin and end anywhere.
 *
 * An unfinished event at the end of the stream is dropped, as the HTML standard requires. Parsing takes
 * linear time, whatever the sizes of the chunks.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 *
 * @example
 * ```ts
 * import { EventParserStream } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * const response = new Response("event: price\ndata: EUR\ndata: 1.08\nid: 7\n\n");
 * for await (const event of response.body!.pipeThrough(new EventParserStream())) {
 *   assertEquals(event, { event: "price", data: "EUR\n1.08", lastEventId: "7" });
 * }
 * ```
 */
export class EventParserStream extends TransformStream<Uint8Array, ParsedEvent> {
  /**
   * Makes a parser for one stream.
   *
   * @throws {TypeError} If an option is unknown.
   * @throws {RangeError} If `maxEventBytes` is not above 0.
   */
  constructor(options: EventParserOptions = {}) {
    checkOptions("create parser", options, RULES);
    let parser: EventParser;
    super({
      start: (controller) => {
        parser = createEventParser((event) => controller.enqueue(event), options);
      },
      transform: (chunk) => parser.push(chunk),
    });
  }
}

const RULES: OptionRules<EventParserOptions> = {
  onRetry: ANY,
  onComment: ANY,
  maxEventBytes: { above: 0 },
};
