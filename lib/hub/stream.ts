/**
 * A named broadcast stream: its name, its options, what the hub knows of it.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import type { EndReason } from "../wire/event_response.ts";
import { History, type HistoryBounds } from "../history/history.ts";
import { compareIds } from "../wire/ids.ts";

/**
 * What a subscriber gets that is so slow that what it has yet to get was dropped from the history.
 *
 * - `disconnect`: its connection ends, so that it comes back and resumes.
 * - `skip`: an event `gap`, then the oldest event kept and all after it.
 * - `latest`: the newest event, silently, for values that replace each other. An event `gap` if not even
 *   the newest event is kept.
 *
 * With several streams on one connection, `disconnect` wins.
 */
export type SlowPolicy = "disconnect" | "skip" | "latest";

/** Every {@linkcode SlowPolicy}. */
export const slowPolicies: readonly SlowPolicy[] = ["disconnect", "skip", "latest"];

/** Options of a stream; one that is left out is the hub's, whose default stands here. */
export interface StreamOptions {
  /**
   * Whether its events are ephemeral: they have no ids, can't be resumed, stay on this instance, and a
   * slow subscriber gets the latest.
   *
   * @default {false}
   */
  readonly ephemeral?: boolean;
  /**
   * What happens to a subscriber that is so far behind that events it still needs have been evicted.
   *
   * @default {"disconnect"}
   */
  readonly slowSubscriber?: SlowPolicy;
  /**
   * The most events kept.
   *
   * @default {1_000}
   */
  readonly historyEvents?: number;
  /**
   * The most encoded bytes kept; the newest event stays whatever its size.
   *
   * @default {1_048_576}
   */
  readonly historyBytes?: number;
  /**
   * The age at which an event is dropped, in milliseconds.
   *
   * @default {3_600_000}
   */
  readonly historyMs?: number;
  /**
   * How many of the newest events a subscriber gets that brings no id; `Infinity` for all that are
   * kept.
   *
   * @default {0}
   */
  readonly replayEvents?: number;
}

/** The rules of the options that a hub has too. */
export const sharedStreamRules: OptionRules<Omit<StreamOptions, "ephemeral">> = {
  slowSubscriber: ANY,
  historyEvents: { above: 0, isWhole: true },
  historyBytes: { above: 0 },
  historyMs: { above: 0 },
  replayEvents: { min: 0, isWhole: true },
};

/**
 * Checks options before anything is made of them.
 *
 * @throws {TypeError} If one is no option of a stream.
 * @throws {RangeError} If one is out of range.
 */
export function checkStreamOptions(options: StreamOptions): void {
  checkOptions("create stream", options, { ephemeral: ANY, ...sharedStreamRules });
  checkSlowPolicy("create stream", options);
}

/**
 * Checks what happens to a slow subscriber.
 *
 * @param action What can't be done with a wrong policy: "create stream".
 * @throws {RangeError} If it is no {@linkcode SlowPolicy}.
 */
export function checkSlowPolicy(action: string, { slowSubscriber }: StreamOptions): void {
  if (slowSubscriber === undefined || slowPolicies.includes(slowSubscriber)) return;
  throw new RangeError(
    `Cannot ${action}: slowSubscriber must be ${slowPolicies.join(", ")}, got ${
      JSON.stringify(slowSubscriber)
    }`,
  );
}

/** What a stream knows of those that subscribe to it, or to it and others; see `audience.ts`. */
export interface StreamAudience {
  /** The streams they subscribe to. */
  readonly streams: readonly Stream[];
  /** Sends what was published up to a position. */
  flush(through: number, turn: number): void;
  /** Ends the subscribers that have everything, if there will be no more. */
  endIfDone(): void;
  /** Ends all subscribers. */
  close(reason: EndReason): void;
}

/** A stream as the hub keeps it. */
export class Stream {
  /** What it is published and subscribed to by. */
  readonly name: string;
  /** Its newest events. */
  history: History;
  /** The audiences it is part of. */
  readonly audiences: Set<StreamAudience> = new Set();
  /** What publishers called their events, while these are kept: key to position. */
  readonly publisherIds: Map<string, number> = new Map();
  #keyBytes = 0;
  /** False while there are only subscribers that wait for it. */
  isCreated = false;
  /** Whether the application created it by name: until it ends, it is never forgotten. */
  isDeclared = false;
  /** The id of its end, once it will have no more events. */
  endId: string | undefined;
  /** Whether its events are of the moment only. */
  isEphemeral = false;
  /** What a subscriber gets that falls out of the history. */
  slowSubscriber: SlowPolicy = "disconnect";
  /** What the history may keep. */
  bounds: HistoryBounds = { maxEvents: 1, maxBytes: 1, maxAgeMs: 0 };
  /** Events published to it since it was created. */
  published = 0;
  /** Its subscribers on this instance, as its audiences count them. */
  subscribers = 0;
  /** How many of the newest events a newcomer gets. */
  replayEvents = 0;
  /** When it was created, last published to, or ended. */
  touchedMs: number;
  /** Its bytes as the hub's total has them. */
  countedBytes = 0;

  /** Begins without events, in a history that begins like that. */
  constructor(name: string, history: History, nowMs: number) {
    this.name = name;
    this.history = history;
    this.touchedMs = nowMs;
  }

  /** Whether it will have no more events. */
  get isEnded(): boolean {
    return this.endId !== undefined;
  }

  /**
   * Sets the options given, once {@linkcode checkStreamOptions} has accepted them.
   *
   * @throws {TypeError} If it would change whether the stream is ephemeral although it had events.
   */
  configure(options: StreamOptions): void {
    const { maxEvents, maxBytes, maxAgeMs } = this.bounds;
    const { ephemeral = this.isEphemeral } = options;
    if (ephemeral !== this.isEphemeral && this.published > 0) {
      throw new TypeError(`Cannot configure stream "${this.name}": it has had events`);
    }
    this.isEphemeral = ephemeral;
    this.slowSubscriber = ephemeral ? "latest" : options.slowSubscriber ?? this.slowSubscriber;
    this.replayEvents = options.replayEvents ?? this.replayEvents;
    this.bounds = {
      maxEvents: ephemeral ? 1 : options.historyEvents ?? maxEvents,
      maxBytes: options.historyBytes ?? maxBytes,
      maxAgeMs: options.historyMs ?? maxAgeMs,
    };
  }

  /** Whether evicted events are no loss to its subscribers, as a newer event that replaces them is kept. */
  get replacesEvicted(): boolean {
    return this.slowSubscriber === "latest" && (this.isEphemeral || this.history.events > 0);
  }

  /** Whether it no longer has all that came after an id, and its subscribers must not miss that. */
  lacksAfter(id: string): boolean {
    return compareIds(id, this.history.evictedId) < 0 && !this.replacesEvicted;
  }

  /** Goes on where it had ended, as a new stream of its name. */
  beginAnew(): void {
    if (!this.isEnded) return;
    this.endId = undefined;
    // What is published next says so in the log, where others may know of the end.
    this.published = 0;
  }

  /** The bytes it keeps: encoded events, and about as many as the publishers' keys take. */
  get bytes(): number {
    return this.history.bytes + this.#keyBytes;
  }

  /** Takes note of what a publisher called the event at a position. */
  setKey(key: string, position: number): void {
    // Anew, so that the oldest come first.
    if (this.publisherIds.delete(key)) this.#keyBytes -= key.length + KEY_BYTES;
    this.publisherIds.set(key, position);
    this.#keyBytes += key.length + KEY_BYTES;
  }

  /** The id of the event kept that was published with a key. */
  idOfKey(key = ""): string | undefined {
    const position = this.publisherIds.get(key);
    return position === undefined ? undefined : this.history.idOf(position);
  }

  /** Drops what exceeds the bounds. Call it only when all has been flushed. */
  evict(nowMs: number): void {
    this.history.evict(this.bounds, nowMs);
    this.#forgetPublisherIds();
  }

  /** Drops all events. Call it only when all has been flushed. */
  clear(): void {
    this.history.clear();
    this.#forgetPublisherIds();
  }

  /** Drops all events and begins again after a position and its id. Call it only when all is flushed. */
  skip(position: number, id: string): void {
    this.history = new History(position, id);
    this.#forgetPublisherIds();
  }

  #forgetPublisherIds(): void {
    for (const [id, position] of this.publisherIds) {
      if (position > this.history.evictedThrough) return;
      this.publisherIds.delete(id);
      this.#keyBytes -= id.length + KEY_BYTES;
    }
  }
}

// What a key takes beside its characters: 77 bytes for one of 32 characters, measured in V8.
const KEY_BYTES = 48;
