/**
 * The log of a hub without a store: no event survives the process, and every event is delivered in the
 * turn in which it is appended.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import { randomEpoch } from "../wire/ids.ts";
import {
  type Appended,
  closedError,
  type EventLog,
  type LogEntry,
  type LogReceiver,
} from "./event_log.ts";

/** An {@linkcode EventLog} that only numbers events; the hub's history is all that is kept. */
export class MemoryLog implements EventLog {
  /** `false`: only one hub appends to this log. */
  readonly isShared: boolean = false;
  /** `false`: this log keeps nothing. */
  readonly isDurable: boolean = false;
  /** `true`: this log has no store that could become unreachable. */
  readonly isUp: boolean = true;
  // New at each start, so that no id is used twice.
  readonly #epoch = randomEpoch();
  readonly #format = new RegExp(`^${this.#epoch}-(?:0|[1-9][0-9]{0,15})$`);
  #receiver: LogReceiver | undefined;
  #count = 0;
  #isClosed = false;

  /** The id before the first event. */
  get startId(): string {
    return this.#id(0);
  }

  /** Opens the log at once. */
  open(receiver: LogReceiver): void {
    this.#receiver = receiver;
  }

  /** Whether an id consists of this log's epoch and a number. */
  hasId(id: string): boolean {
    return this.#format.test(id);
  }

  /** Delivers the events before the call returns. */
  append(stream: string, events: readonly ServerSentEvent[]): Appended | Promise<Appended> {
    if (this.#isClosed) return Promise.reject(closedError("append to"));
    this.#receiver?.deliver(events.map((event) => this.#entry(stream, event)));
    const id = this.#id(this.#count);
    return { id, throughId: id };
  }

  /** Delivers the end before the call returns. */
  end(stream: string): Promise<string> {
    if (this.#isClosed) return Promise.reject(closedError("append to"));
    this.#receiver?.deliver([this.#entry(stream, undefined)]);
    return Promise.resolve(this.#id(this.#count));
  }

  /** Resolves at once. From then on, the log appends nothing. */
  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  // `isFirst` is false: only this hub can have ended a stream.
  #entry(stream: string, event: ServerSentEvent | undefined): LogEntry {
    return { id: this.#id(++this.#count), stream, event, isFirst: false, ageMs: 0 };
  }

  #id(position: number): string {
    return `${this.#epoch}-${position}`;
  }
}
