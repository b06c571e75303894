/**
 * The heartbeats of subscribers that don't get a plain comment: events, and the cursor after events that
 * were left out.
 *
 * @module
 */

import { encodeCursor, encodeHeartbeat } from "../wire/control_events.ts";
import type { Heartbeat } from "../wire/event_response.ts";
import { concat } from "./event_form.ts";
import type { Subscriber } from "./subscriber.ts";

const encoder = new TextEncoder();
const EVENT_BYTES = { bytes: encoder.encode(encodeHeartbeat()), events: 0 };

/** A heartbeat that is an event of the type `heartbeat`. */
export const EVENT_HEARTBEAT: Heartbeat = { isDue: false, take: () => EVENT_BYTES };

/** Encodes the event `cursor`. */
export function encodeCursorBytes(id: string): Uint8Array {
  return encoder.encode(encodeCursor(id));
}

/**
 * A heartbeat that is an event `cursor` after events that were left out. Such an event must also be sent
 * in time to a client that is never silent, because it gets events without ids.
 */
export class CursorHeartbeat implements Heartbeat {
  readonly #subscriber: Subscriber;
  readonly #heartbeat: Heartbeat;
  readonly #takeCursor: () => Uint8Array | undefined;

  /**
   * Makes the heartbeat of a subscriber.
   *
   * @param heartbeat The heartbeat without a cursor. An event is also sent after a cursor.
   * @param takeCursor Returns the event `cursor`, if the client needs one now.
   */
  constructor(
    subscriber: Subscriber,
    heartbeat: Heartbeat,
    takeCursor: () => Uint8Array | undefined,
  ) {
    this.#subscriber = subscriber;
    this.#heartbeat = heartbeat;
    this.#takeCursor = takeCursor;
  }

  get isDue(): boolean {
    return this.#subscriber.hasLeftOut;
  }

  take(): { bytes: Uint8Array; events: number } {
    const cursor = this.#takeCursor();
    if (!cursor) return this.#heartbeat.take();
    if (this.#heartbeat !== EVENT_HEARTBEAT) return { bytes: cursor, events: 1 };
    const { bytes } = EVENT_BYTES;
    return { bytes: concat([cursor, bytes], cursor.length + bytes.length), events: 1 };
  }
}
