/**
 * Decodes an event stream into events to publish.
 *
 * @module
 */

import { deliveredEvent } from "../log/entry_rule.ts";
import { isEventId } from "../wire/event.ts";
import { createEventParser, type EventParser } from "../wire/event_parser.ts";
import type { EventDecoder } from "./ingest.ts";
import type { PublishQueue } from "./publish_queue.ts";

/**
 * Decodes an event stream.
 *
 * Types and data arrive as they are, except that a reserved type becomes `app:<type>`. The `id` of an
 * event's own block becomes the event's key, if it can be one; an id of an earlier block does not.
 * `retry` and comments are dropped, and so is an event that is unfinished when the source ends.
 */
export class EventStreamDecoder implements EventDecoder {
  readonly #parser: EventParser;

  /**
   * Begins before the first byte.
   *
   * @param stream The stream that all events are for.
   * @param maxEventBytes The most bytes of an event. An event with more makes `push()` throw a
   * `RangeError`.
   */
  constructor(queue: PublishQueue, stream: string, maxEventBytes: number) {
    this.#parser = createEventParser(({ event, data }, ownId = "") => {
      const type = event === "message" ? {} : { event };
      const key = ownId !== "" && isEventId(ownId) ? { id: ownId } : {};
      queue.add(stream, deliveredEvent({ ...type, data, ...key }));
    }, { maxEventBytes });
  }

  /** Whether an event, or a line, has begun and is not finished. */
  get isWithinEvent(): boolean {
    return this.#parser.isWithinEvent();
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  /** Drops an unfinished event, as the HTML standard requires. */
  finish(): void {}
}
