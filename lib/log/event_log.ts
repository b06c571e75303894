/**
 * The seam behind a hub: where events are ordered and kept.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import type { LogStats } from "./log_stats.ts";

/** What a log keeps: an event of a stream, or the stream's end. */
export interface LogEntry {
  /** Its place in the log's order, and what goes out as `id:`. */
  readonly id: string;
  /** The stream it belongs to. */
  readonly stream: string;
  /** The event as it was published, its `id` the publisher's; `undefined` where the stream ends. */
  readonly event: ServerSentEvent | undefined;
  /**
   * Whether it is the first of a stream that its publisher's hub didn't know: it goes on where an
   * earlier stream of that name has ended and been forgotten.
   */
  readonly isFirst: boolean;
  /**
   * Of one that is first, the id that its publisher's hub had come to. It goes on after an end up to
   * there; an end after that was not known to the hub, and stands. Left out, it is not known.
   */
  readonly seenId?: string | undefined;
  /** How long ago it was appended, in milliseconds, when it was taken from where it is kept. */
  readonly ageMs: number;
  /**
   * Whether the log has made sure that no earlier event of the stream has its key. Left out, the hub
   * passes over an event whose key it knows.
   */
  readonly isUnique?: boolean;
  /** What the log has left out just before it, as its receiver can't keep that. */
  readonly leftOut?: readonly LeftOut[] | undefined;
}

/** Events of a stream that a log has and does not deliver. */
export interface LeftOut {
  /** The stream. */
  readonly stream: string;
  /** The id of the last of them. */
  readonly throughId: string;
  /** How many they are. */
  readonly events: number;
}

/** How much of what a log has a hub can keep. */
export interface HistoryLimits {
  /** The most bytes, all streams together. */
  readonly maxBytes: number;
  /** What holds for a stream. */
  readonly of: (stream: string) => StreamLimits;
}

/** How much a hub can keep of a stream. */
export interface StreamLimits {
  /** The most events. */
  readonly maxEvents: number;
  /** The most bytes. */
  readonly maxBytes: number;
  /** The age at which an event goes, in milliseconds. */
  readonly maxAgeMs: number;
}

/** What became of events that were appended. */
export interface Appended {
  /** The id of the last of them; where that one's key was known, the id of the first event with the key. */
  readonly id: string;
  /** The greatest of their ids: once the log has delivered that, it has delivered all of them. */
  readonly throughId: string;
}

/** Options of {@linkcode EventLog.append}. */
export interface AppendOptions {
  /** Whether the first of the events is the first of a stream. */
  readonly isFirst?: boolean;
  /** If so, the id that the hub had come to. */
  readonly seenId?: string;
}

/** Options of {@linkcode EventLog.read}. */
export interface ReadOptions {
  /** The streams whose entries are wanted; a page may lack those of others. Left out, all are. */
  readonly streams?: readonly string[];
  /** Aborted when the caller no longer waits; nothing is read for such callers alone. */
  readonly signal?: AbortSignal;
}

/** What a log still has after an id. */
export interface LogPage {
  /** In order. */
  readonly entries: readonly LogEntry[];
  /** The id up to which entries after the one asked for are, or may be, gone; `undefined` if none is. */
  readonly goneThrough: string | undefined;
  /** The streams that the entries are of that are gone; left out, any may be. */
  readonly goneStreams?: readonly string[];
  /**
   * The id through which the page has all that is wanted; left out, that of its last entry. A page with
   * no entry, no `goneThrough` and no `throughId` means that nothing comes after the id asked for yet.
   */
  readonly throughId?: string;
}

/** The end of a stream whose entry the log no longer has. */
export interface LogEnd {
  /** The stream that has ended. */
  readonly stream: string;
  /** The id of the end. */
  readonly id: string;
  /** How long ago it was appended, in milliseconds. */
  readonly ageMs: number;
}

/** What a log tells its hub. */
export interface LogReceiver {
  /**
   * How much it can keep. A log that has `read()` may leave out older events while it is opened, and says
   * so with the entry that it delivers next. Left out, everything is delivered.
   */
  readonly limits?: HistoryLimits;
  /** Gets entries in the log's order, each once; what is handed over together is one turn. */
  readonly deliver: (entries: readonly LogEntry[]) => void;
  /**
   * Is told that entries up to an id can't be delivered any more: they were trimmed or lost first.
   *
   * @param streams The streams that they were of; left out, any may be. Empty where nobody lacks any of
   * them, but who waits for what was appended here and is not delivered by now.
   */
  readonly lost: (throughId: string, streams?: readonly string[]) => void;
  /**
   * Is told which streams have ended by entries that are not delivered: when the log is opened, after
   * `reset`, and after each `lost`. Where a stream has ended as far as the hub knows, and is not among
   * them, that end no longer holds: the stream has begun anew, or ended too long ago.
   *
   * @param ends Those of all streams, or of the streams given.
   */
  readonly ended?: (ends: readonly LogEnd[], streams?: readonly string[]) => void;
  /**
   * Is told that the log has begun anew, because what kept its entries came back without any: the ids
   * given so far mean nothing any more, and `startId` is another one. What the log has now is delivered
   * next.
   */
  readonly reset: () => void;
  /**
   * Is told when the log goes away, with the reason; again when another reason keeps it away; and once
   * when it is back.
   */
  readonly changed: (isUp: boolean, reason?: unknown) => void;
  /**
   * Is told when the log has failed several times in a row to drop entries that exceed its bounds; once,
   * until it succeeds again. Everything else goes on meanwhile.
   */
  readonly trimFailed?: (reason: unknown) => void;
}

/**
 * What a hub asks of a log.
 *
 * - **Order.** Every entry has an id, and ids only grow: {@linkcode compareIds} orders those of one
 *   epoch. No id is given twice, not even after a restart.
 * - **One road.** What is appended comes back through `deliver`, whether appended here or by another
 *   instance: all that deliver from one log deliver the same entries in the same order. The events of
 *   one `append()` are neighbours, and all there or none.
 * - **Durability.** When `append()` has resolved, its events are as durable as the log makes them. When
 *   it has rejected, they may be there all the same: a publisher who tries again gives them keys.
 * - **Absence.** While what keeps the events can't be reached, `append()` and `read()` reject, `isUp` is
 *   false, and nothing is delivered. When it is back, what was appended meanwhile is delivered, or said
 *   to be lost if it is not kept any more.
 */
export interface EventLog {
  /** The id before the oldest entry that it had when it was opened. Known once `open()` resolves or
   * delivers. */
  readonly startId: string;
  /**
   * Whether other hubs may append to it too. Then an id from ahead of this hub's newest event may be one
   * that another hub has given, and this hub waits until it is there; else such an id means nothing.
   */
  readonly isShared: boolean;
  /** Whether what it keeps outlives the hub: who opens it again finds the entries with their ids. */
  readonly isDurable: boolean;
  /** Whether events can be appended now, as far as it knows. */
  readonly isUp: boolean;
  /**
   * Begins to deliver, from the oldest entry that it has and its receiver can keep. Called once, before
   * anything is appended.
   *
   * @returns Nothing if it is open at once; else a promise that resolves when what it had has been
   * delivered, and rejects where trying again would not help.
   */
  open(receiver: LogReceiver): void | Promise<void>;
  /** Whether an id could be one that this log has given or will give. */
  hasId(id: string): boolean;
  /**
   * Orders and keeps events that were checked before. Where the log decides on keys, it leaves out those
   * whose key it knows.
   *
   * @returns Their ids.
   * @throws {RangeError} At once, if they are more than it can keep as one.
   */
  append(
    stream: string,
    events: readonly ServerSentEvent[],
    options?: AppendOptions,
  ): Promise<Appended>;
  /** Orders and keeps the end of a stream. Returns its id. */
  end(stream: string): Promise<string>;
  /**
   * Reads what comes after an id, a page at a time: for who was away for longer than the hub's own
   * history reaches back. An id that is yet to come has nothing after it. Left out by a log that has no
   * more than that history.
   *
   * It is called for as many as resume at once: a log limits by itself how many reads it makes at a time.
   *
   * @throws {DOMException} `QuotaExceededError` if too many reads wait: the hub then asks that client to
   * come back later. With any other error, the hub tries again every second.
   */
  read?(afterId: string, options?: ReadOptions): Promise<LogPage>;
  /**
   * The id just before an entry's: later than that of every earlier entry, and good to read on from. Left
   * out by a log without `read()`.
   */
  idBefore?(id: string): string;
  /**
   * Whether only `read()` can tell what comes after an id, whatever the hub's own history has: the event
   * with this id follows others that are lost, and some clients had those. Left out, there are none.
   */
  isUncertain?(id: string): boolean;
  /** Figures of the log, from what it knows, at once. Left out by a log that has none. */
  stats?(): LogStats;
  /**
   * Ends delivering, and resolves when what was being appended has been or has failed, and nothing is
   * open any more. May be called twice.
   */
  close(): Promise<void>;
}
