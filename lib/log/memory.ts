/**
 * The log of a hub that stands alone: nothing survives the process, and every event is delivered in
 * the turn that appends it.
 *
 * @module
 */

import type { ServerSentEvent } from "../event.ts";
import type { EventLog, LogEntry } from "./log.ts";

/** An {@linkcode EventLog} that only orders; what is kept is the hub's history. */
export class MemoryLog implements EventLog {
  /** New at each start, so that no id is ever given twice: 48 random bits. */
  readonly epoch: string = randomEpoch();
  #deliver: (entries: readonly LogEntry[]) => void = () => {};

  /** Begins to deliver. */
  open(deliver: (entries: readonly LogEntry[]) => void): void {
    this.#deliver = deliver;
  }

  /** Delivers the events before it returns. */
  append(stream: string, events: readonly ServerSentEvent[]): Promise<void> {
    this.#deliver(events.map((event) => ({ stream, event })));
    return Promise.resolve();
  }

  /** Has nothing to wait for. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function randomEpoch(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high * 0x1_0000 + (low & 0xffff)).toString(36);
}
