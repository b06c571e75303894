/**
 * Publishing and ending: checks events and appends them to the log, which delivers them to the hub.
 *
 * @module
 */

import { reservedTypes } from "../wire/control_events.ts";
import { checkEvent, type ServerSentEvent } from "../wire/event.ts";
import { HubError } from "./hub_error.ts";
import { compareIds } from "../wire/ids.ts";
import type { Appended, EventLog } from "../log/event_log.ts";
import type { Arrival, LogProgress } from "./log_progress.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Stream } from "./stream.ts";
import { checkStreamName } from "../wire/stream_name.ts";
import type { Streams } from "./streams.ts";

/** The result of a publish. */
export interface Published {
  /** The id of the event, or of the last event of a batch; `""` on an ephemeral stream. */
  readonly id: string;
  /** The stream's name. */
  readonly stream: string;
  /** The stream's subscribers on this instance. */
  readonly subscribers: number;
}

/** Publishes to the streams of a hub. */
export class Publisher {
  readonly #streams: Streams;
  readonly #sequencer: Sequencer;
  readonly #progress: LogProgress;
  readonly #log: EventLog;
  readonly #now: () => number;
  // By stream and key, the publishes that the log has not delivered yet.
  readonly #pending = new Map<string, Promise<unknown>>();

  /** Makes a publisher for a hub and its log. */
  constructor(
    streams: Streams,
    sequencer: Sequencer,
    progress: LogProgress,
    { log, now }: { readonly log: EventLog; readonly now: () => number },
  ) {
    this.#streams = streams;
    this.#sequencer = sequencer;
    this.#progress = progress;
    this.#log = log;
    this.#now = now;
  }

  /**
   * Publishes a batch. Throws and rejects as `BroadcastHub.publish()` does.
   *
   * @returns The result, once the log has kept the events and delivered them here.
   */
  publish(name: string, events: readonly ServerSentEvent[]): Promise<Published> {
    if (events.length === 0) throw new TypeError("Cannot publish: the batch is empty");
    events.forEach(checkPublishable);
    const stream = this.open(name, `publish to stream "${name}"`);
    return stream.isEphemeral ? this.#send(stream, events) : this.#record(stream, events);
  }

  /**
   * Returns the stream with a name, and creates it if necessary.
   *
   * @param action What the caller was about to do, for the error's text.
   * @throws {TypeError} If the name can't be a stream's name.
   * @throws {HubError} Code `ended` if the stream has ended, `full` if there are too many streams.
   */
  open(name: string, action: string): Stream {
    checkStreamName(name);
    this.#streams.checkRoom(name);
    const stream = this.#streams.create(name, this.#now());
    if (stream.isEnded) throw ended(action);
    return stream;
  }

  /**
   * Ends a stream, on every instance that shares the log.
   *
   * @returns Whether the stream exists, once the log has kept the end and delivered it here.
   */
  async end(name: string): Promise<boolean> {
    const stream = this.#streams.get(name);
    if (!stream) return false;
    if (stream.isEphemeral) this.#sequencer.end(stream, stream.endId ?? this.#progress.headId);
    else if (!stream.isEnded) {
      const append = async () => {
        const id = await this.#log.end(name);
        return { id, throughId: id };
      };
      await this.#confirm("end", append(), stream);
    }
    return true;
  }

  #record(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    // Most events have no key, and only a key can make an event a duplicate.
    return events.some(({ id }) => id)
      ? this.#recordOnce(stream, events)
      : this.#append(stream, events);
  }

  // Publishes the events of a batch whose keys are new to the stream.
  #recordOnce(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    const { name } = stream;
    const key = events.at(-1)!.id;
    const first = stream.idOfKey(key);
    const seen = new Set<string>();
    const fresh = events.filter((event) => {
      const isDuplicate = this.#isDuplicate(stream, event) || seen.has(event.id ?? "");
      if (event.id) seen.add(event.id);
      return !isDuplicate;
    });
    if (fresh.length === 0) return Promise.resolve(answer(stream, first!));
    const keys = fresh.flatMap(({ id }) => id ? [`${name} ${id}`] : []);
    const pending = this.#pending.get(keys.find((key) => this.#pending.has(key)) ?? "");
    // Once the first publish with the key has settled, the key is known or free.
    if (pending) return pending.then(() => this.publish(name, events));
    const confirmed = this.#append(stream, fresh, key, first);
    const isOnItsWay = fresh.some((event) => event.id && !this.#isDuplicate(stream, event));
    if (isOnItsWay) this.#hold(keys, confirmed);
    return confirmed;
  }

  #append(
    stream: Stream,
    events: readonly ServerSentEvent[],
    key?: string,
    first?: string,
  ): Promise<Published> {
    const appended = this.#ask(stream, events);
    // A log in memory has delivered the events by now: nothing to wait for, and nothing can fail.
    if (!("then" in appended)) {
      return Promise.resolve(answer(stream, first ?? stream.idOfKey(key) ?? appended.id));
    }
    return this.#confirm("publish to", appended, stream, key, first);
  }

  #hold(keys: readonly string[], confirmed: Promise<Published>): void {
    const forget = () => keys.forEach((key) => this.#pending.delete(key));
    const settled = confirmed.then(forget, forget);
    for (const key of keys) this.#pending.set(key, settled);
  }

  /**
   * Waits until the log has kept an append and delivered it here. This is one async function: split into
   * two, 200 000 publishes of one turn hold 250 MB until they settle, instead of 150 MB.
   */
  async #confirm(
    verb: "publish to" | "end",
    appending: Promise<Appended>,
    stream: Stream,
    key?: string,
    first?: string,
  ): Promise<Published> {
    const arrival = this.#progress.expect();
    let appended: Appended;
    try {
      appended = await appending;
    } catch (cause) {
      this.#progress.cancel(arrival);
      throw unreachable(actionOn(verb, stream), cause);
    }
    const { id, throughId } = appended;
    if (!this.#progress.hasArrived(arrival, throughId)) {
      await this.#arrived(actionOn(verb, stream), arrival, throughId);
    }
    // Another publisher may have ended the stream or used the key just before.
    const isLate = stream.endId !== undefined && compareIds(stream.endId, throughId) < 0;
    if (isLate && verb !== "end") throw ended(actionOn(verb, stream));
    return answer(stream, first ?? stream.idOfKey(key) ?? id);
  }

  #send(stream: Stream, events: readonly ServerSentEvent[]): Promise<Published> {
    for (const { id: _, ...event } of events) this.#sequencer.append(stream, event);
    return Promise.resolve(answer(stream, ""));
  }

  /**
   * Calls the log. A `RangeError` is thrown at once, since only the caller can make the batch smaller.
   */
  #ask(stream: Stream, events: readonly ServerSentEvent[]): Appended | Promise<Appended> {
    const isFirst = stream.published === 0;
    try {
      return this.#log.append(stream.name, events, { isFirst, seenId: this.#progress.headId });
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return Promise.reject(error);
    }
  }

  #isDuplicate(stream: Stream, { id }: ServerSentEvent): boolean {
    return id !== undefined && stream.publisherKeys.has(id);
  }

  #arrived(action: string, arrival: Arrival, id: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#progress.whenDelivered(arrival, id, {
        onReach: resolve,
        onFail: (failure, reason) =>
          reject(failure === "lost" ? lost(action) : unreachable(action, reason)),
      });
    });
  }
}

/**
 * Checks an event before it is published.
 *
 * @throws {TypeError | RangeError} If the event can't be encoded, has only an id, or has a reserved type.
 */
export function checkPublishable(event: ServerSentEvent): void {
  checkEvent(event);
  const { event: type = "", data, comment, retry } = event;
  if (reservedTypes.has(type)) {
    throw new TypeError(`Cannot publish event: the type "${type}" is reserved; use another type`);
  }
  if (data === undefined && comment === undefined && retry === undefined) {
    throw new TypeError("Cannot publish event: it has neither data, comment nor retry");
  }
}

function answer({ name, allSubscribers }: Stream, id: string): Published {
  return { id, stream: name, subscribers: allSubscribers };
}

function actionOn(verb: "publish to" | "end", { name }: Stream): string {
  return `${verb} stream "${name}"`;
}

function ended(action: string): HubError {
  return new HubError("ended", `Cannot ${action}: it has ended`);
}

function lost(action: string): HubError {
  return new HubError("lost", `Cannot ${action}: the event log kept and then lost it; try again`);
}

function unreachable(action: string, cause: unknown): HubError {
  const reason = cause instanceof Error ? cause.message : `${cause}`;
  const message = `Cannot ${action}: the event log is unreachable: ${reason}`;
  return new HubError("unreachable", message, { cause });
}
