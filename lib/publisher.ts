/**
 * The way of an event into a hub: checked, through the log, into the order of the hub.
 *
 * @module
 */

import type { ServerSentEvent } from "./event.ts";
import type { EventLog, LogEntry } from "./log/log.ts";
import { checkPublishable, type Ids } from "./resume.ts";
import { checkStreamName, type Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";
import type { Turns } from "./turns.ts";

/** What became of a publish. */
export interface Published {
  /** The event's id, of a batch the last one's; `""` on an ephemeral stream. */
  readonly id: string;
  /** The stream's name. */
  readonly stream: string;
  /** The stream's subscribers on this instance. */
  readonly subscribers: number;
}

/** Publishes to the streams of a hub. */
export class Publisher {
  readonly #streams: Streams;
  readonly #turns: Turns;
  readonly #ids: Ids;
  readonly #log: EventLog;
  readonly #now: () => number;

  /** Has the log deliver from now on. */
  constructor(streams: Streams, turns: Turns, ids: Ids, log: EventLog, now: () => number) {
    this.#streams = streams;
    this.#turns = turns;
    this.#ids = ids;
    this.#log = log;
    this.#now = now;
    log.open((entries) => this.#deliver(entries));
  }

  /**
   * Publishes a batch; throws and returns what `BroadcastHub.publish()` does.
   *
   * @returns What became of it, once the log has it.
   */
  publish(name: string, events: readonly ServerSentEvent[]): Promise<Published> {
    if (events.length === 0) throw new TypeError("Cannot publish: the batch is empty");
    events.forEach(checkPublishable);
    const stream = this.open(name);
    return stream.isEphemeral ? this.#send(stream, events) : this.#record(stream, events);
  }

  /**
   * The stream of a name that goes on, created if there is none.
   *
   * @throws {TypeError} If the name can't be a stream's.
   * @throws {DOMException} `InvalidStateError` if it has ended, `QuotaExceededError` if there are too
   * many.
   */
  open(name: string): Stream {
    checkStreamName(name);
    const stream = this.#streams.create(name, this.#now());
    if (!stream.isEnded) return stream;
    throw new DOMException(`Cannot publish to stream "${name}": it has ended`, "InvalidStateError");
  }

  async #record(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    const appended = this.#log.append(stream.name, events);
    const key = events.at(-1)!.id;
    const position = key ? stream.publisherIds.get(key)! : this.#turns.head;
    const { name, subscribers } = stream;
    await appended;
    return { id: this.#ids.format(position), stream: name, subscribers };
  }

  #send(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    for (const { id: _, ...event } of events) this.#turns.append(stream, event);
    return Promise.resolve({ id: "", stream: stream.name, subscribers: stream.subscribers });
  }

  #deliver(entries: readonly LogEntry[]): void {
    for (const { stream: name, event } of entries) {
      const stream = this.#streams.create(name, this.#now());
      if (event.id && stream.publisherIds.has(event.id)) continue;
      const position = this.#turns.head + 1;
      if (event.id) stream.publisherIds.set(event.id, position);
      this.#turns.append(stream, { ...event, id: this.#ids.format(position) });
    }
  }
}
