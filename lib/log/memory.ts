/**
 * The log of a hub that stands alone: nothing survives the process, and every event is delivered in
 * the turn that appends it.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import { randomEpoch } from "../wire/ids.ts";
import type { Appended, EventLog, LogEntry, LogReceiver } from "./event_log.ts";

/** An {@linkcode EventLog} that only numbers; what is kept is the hub's history. */
export class MemoryLog implements EventLog {
  /** One hub alone appends to it. */
  readonly isShared: boolean = false;
  /** It keeps nothing. */
  readonly isDurable: boolean = false;
  /** It has no way to go away. */
  readonly isUp: boolean = true;
  // New at each start, so that no id is ever given twice.
  readonly #epoch = randomEpoch();
  readonly #format = new RegExp(`^${this.#epoch}-(?:0|[1-9][0-9]{0,15})$`);
  #receiver: LogReceiver | undefined;
  #count = 0;

  /** The id before the first event. */
  get startId(): string {
    return this.#id(0);
  }

  /** Is open at once. */
  open(receiver: LogReceiver): void {
    this.#receiver = receiver;
  }

  /** Whether an id is this log's: its epoch, and a number. */
  hasId(id: string): boolean {
    return this.#format.test(id);
  }

  /** Delivers the events before it returns. */
  append(stream: string, events: readonly ServerSentEvent[]): Promise<Appended> {
    this.#receiver?.deliver(events.map((event) => this.#entry(stream, event)));
    const id = this.#id(this.#count);
    return Promise.resolve({ id, throughId: id });
  }

  /** Delivers the end before it returns. */
  end(stream: string): Promise<string> {
    this.#receiver?.deliver([this.#entry(stream, undefined)]);
    return Promise.resolve(this.#id(this.#count));
  }

  /** Has nothing to wait for. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  // Nobody else has ended what this hub has forgotten.
  #entry(stream: string, event: ServerSentEvent | undefined): LogEntry {
    return { id: this.#id(++this.#count), stream, event, isFirst: false, ageMs: 0 };
  }

  #id(position: number): string {
    return `${this.#epoch}-${position}`;
  }
}
