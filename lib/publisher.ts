/**
 * The way of an event into a hub: checked, through the log, into the order of the hub.
 *
 * @module
 */

import type { ServerSentEvent } from "./event.ts";
import { compareIds, type EventLog, type LogEntry } from "./log/log.ts";
import { checkPublishable } from "./resume.ts";
import type { Stream } from "./stream.ts";
import { checkStreamName } from "./stream_name.ts";
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
  readonly #log: EventLog;
  readonly #now: () => number;
  // By stream and key, what is on its way through the log.
  readonly #pending = new Map<string, Promise<unknown>>();
  // What the log has taken and not yet delivered.
  readonly #undelivered = new Set<{ id: string; reject: (reason: unknown) => void }>();

  /** Publishes to a log that delivers to {@linkcode Publisher.deliver}. */
  constructor(streams: Streams, turns: Turns, log: EventLog, now: () => number) {
    this.#streams = streams;
    this.#turns = turns;
    this.#log = log;
    this.#now = now;
  }

  /**
   * Publishes a batch; throws and returns what `BroadcastHub.publish()` does.
   *
   * @returns What became of it, once the log has it and has delivered it here.
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
    this.#streams.checkRoom(name);
    const stream = this.#streams.create(name, this.#now());
    if (stream.isEnded) throw ended(stream);
    return stream;
  }

  /**
   * Ends a stream for all that deliver from the log.
   *
   * @returns Whether there is one, once the log has its end and has delivered it here.
   */
  async end(name: string): Promise<boolean> {
    const stream = this.#streams.get(name);
    if (!stream) return false;
    if (stream.isEphemeral) this.#end(stream, this.#turns.headId);
    else if (!stream.isEnded) await this.#reached(await this.#log.end(name));
    return true;
  }

  /**
   * Takes entries of the log into the hub's order. Passed over are those published before, those after
   * a stream's end, and those of a stream that is of the moment here.
   */
  deliver(entries: readonly LogEntry[]): void {
    for (const { id, stream: name, event, isFirst, ageMs } of entries) {
      const stream = this.#streams.create(name, this.#now());
      if (isFirst) stream.endId = undefined;
      if (!event) this.#end(stream, id, ageMs);
      else if (!stream.isEnded && !stream.isEphemeral && !this.#isDouble(stream, event)) {
        this.#turns.append(stream, event, id, ageMs);
        // An empty id is no key: it would only have cleared the client's.
        if (event.id) stream.publisherIds.set(event.id, this.#turns.head);
      }
      this.#turns.reach(id);
    }
  }

  /** Answers those that wait for the log to deliver what it has taken: it will not, or not soon. */
  giveUp(reason: unknown): void {
    for (const { reject } of this.#undelivered) reject(reason);
  }

  /** Takes note that the log has lost what came up to an id: all streams have a gap there. */
  lose(throughId: string): void {
    for (const { id, reject } of this.#undelivered) {
      if (compareIds(id, throughId) <= 0) reject(new Error("Cannot publish: the log has lost it"));
    }
    this.#turns.skip(this.#streams.lasting(), throughId);
    this.#streams.forget(this.#turns.head, throughId);
  }

  #record(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    const { name } = stream;
    const key = events.at(-1)!.id;
    const first = stream.idOfKey(key);
    const fresh = events.filter((event) => !this.#isDouble(stream, event));
    if (fresh.length === 0) return Promise.resolve(answer(stream, first!));
    const keys = fresh.flatMap(({ id }) => id ? [`${name} ${id}`] : []);
    const pending = this.#pending.get(keys.find((key) => this.#pending.has(key)) ?? "");
    // Whatever becomes of the first one, it is known then.
    if (pending) return pending.then(() => this.publish(name, events));
    const appended = this.#log.append(name, fresh, { isFirst: stream.published === 0 });
    const confirmed = this.#confirm(appended, stream, key, first);
    const isOnItsWay = fresh.some((event) => event.id && !this.#isDouble(stream, event));
    if (isOnItsWay) this.#hold(keys, confirmed);
    return confirmed;
  }

  #hold(keys: readonly string[], confirmed: Promise<Published>): void {
    const forget = () => keys.forEach((key) => this.#pending.delete(key));
    const settled = confirmed.then(forget, forget);
    for (const key of keys) this.#pending.set(key, settled);
  }

  async #confirm(
    appended: Promise<string>,
    stream: Stream,
    key: string | undefined,
    first: string | undefined,
  ): Promise<Published> {
    const id = await appended;
    if (!this.#turns.hasReached(id)) await this.#reached(id);
    // Just before, another publisher may have ended it, or have published the same.
    if (stream.endId !== undefined && compareIds(stream.endId, id) < 0) throw ended(stream);
    return answer(stream, first ?? stream.idOfKey(key) ?? id);
  }

  #send(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    for (const { id: _, ...event } of events) this.#turns.append(stream, event);
    return Promise.resolve(answer(stream, ""));
  }

  #end(stream: Stream, id: string, ageMs = 0): void {
    this.#turns.flush();
    stream.endId ??= id;
    stream.touchedMs = this.#now() - ageMs;
    for (const feed of stream.feeds) feed.endIfDone();
  }

  #isDouble(stream: Stream, { id }: ServerSentEvent): boolean {
    return id !== undefined && stream.publisherIds.has(id);
  }

  async #reached(id: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stopWaiting = this.#turns.whenReached(id, resolve);
    const undelivered = { id, reject };
    this.#undelivered.add(undelivered);
    try {
      await promise;
    } finally {
      this.#undelivered.delete(undelivered);
      stopWaiting();
    }
  }
}

function answer({ name, subscribers }: Stream, id: string): Published {
  return { id, stream: name, subscribers };
}

function ended({ name }: Stream): DOMException {
  return new DOMException(`Cannot publish to stream "${name}": it has ended`, "InvalidStateError");
}
