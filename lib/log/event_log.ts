/**
 * The seam between a hub and its log: the log orders events, keeps them and delivers them to the hub.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import type { LogStats } from "./log_stats.ts";
import type { Notes } from "./notes.ts";

/** An entry of a log: an event of a stream, or the end of a stream. */
export interface LogEntry {
  /** The place of the entry in the log's order, sent to clients as `id:`. */
  readonly id: string;
  /** The stream that the entry belongs to. */
  readonly stream: string;
  /**
   * The event as it was published; its `id` is the publisher's key. `undefined` if the entry is the end
   * of the stream.
   */
  readonly event: ServerSentEvent | undefined;
  /**
   * Whether the publishing hub did not know the stream before this event. Such an event begins the stream
   * anew if an earlier stream with the same name has ended.
   */
  readonly isFirst: boolean;
  /**
   * For a first event, the newest id that the publishing hub had seen. The event begins the stream anew
   * only if the stream ended at or before this id; a later end still holds. Left out, the event begins
   * the stream anew after any end.
   */
  readonly seenId?: string | undefined;
  /** The age of the entry in milliseconds, at the time when it was read from its store. */
  readonly ageMs: number;
  /**
   * Whether the log guarantees that no earlier event of the stream has the same key. Left out, the hub
   * skips an event whose key it knows.
   */
  readonly isUnique?: boolean;
  /** The events just before this entry that the log did not deliver, since the hub can't keep them. */
  readonly leftOut?: readonly LeftOut[] | undefined;
}

/** Events of a stream that a log has, but did not deliver. */
export interface LeftOut {
  /** The stream. */
  readonly stream: string;
  /** The id of the last event that was left out. */
  readonly throughId: string;
  /** The number of events that were left out. */
  readonly events: number;
}

/** How many of a log's events a hub can keep. */
export interface HistoryLimits {
  /** The most bytes, all streams together. */
  readonly maxBytes: number;
  /** Returns the limits of a stream. */
  readonly of: (stream: string) => StreamLimits;
}

/** How many events of a stream a hub can keep. */
export interface StreamLimits {
  /** The most events. */
  readonly maxEvents: number;
  /** The most bytes. */
  readonly maxBytes: number;
  /** The age in milliseconds at which the hub evicts an event. */
  readonly maxAgeMs: number;
}

/** The ids of events that were appended. */
export interface Appended {
  /** The id of the last event. If its key was known, the id of the first event with that key. */
  readonly id: string;
  /**
   * The greatest id of the events: once the log has delivered the event with this id, it has delivered
   * all of them.
   */
  readonly throughId: string;
}

/** Options of {@linkcode EventLog.append}. */
export interface AppendOptions {
  /** Whether the hub does not know the stream yet: see {@linkcode LogEntry.isFirst}. */
  readonly isFirst?: boolean;
  /** The newest id that the hub has seen; only with `isFirst`. */
  readonly seenId?: string;
}

/** Options of {@linkcode EventLog.read}. */
export interface ReadOptions {
  /**
   * The streams to read: names, and patterns such as `orders/*` and `*`. The page may lack entries of
   * other streams. Left out, all streams.
   */
  readonly streams?: readonly string[];
  /** Aborted when the caller no longer waits. If all callers of a read abort, the log skips the read. */
  readonly signal?: AbortSignal;
}

/** A page of the entries that a log has after an id. */
export interface LogPage {
  /** The entries, in the log's order. */
  readonly entries: readonly LogEntry[];
  /**
   * The id through which entries after the id asked for are gone, or may be gone. `undefined` if no
   * entry is gone.
   */
  readonly goneThrough: string | undefined;
  /** The streams of the entries that are gone. Left out, the entries may be of any stream. */
  readonly goneStreams?: readonly string[];
  /** The id of the last entry that is gone. Left out, it may be any id through `goneThrough`. */
  readonly lastGoneId?: string;
  /**
   * The id through which the page is complete. Left out, the id of the last entry. A page with no entry,
   * no `goneThrough` and no `throughId` means that the log has nothing after the id asked for yet.
   */
  readonly throughId?: string;
}

/** The end of a stream, if the log no longer has the entry of the end. */
export interface LogEnd {
  /** The stream that has ended. */
  readonly stream: string;
  /** The id of the end. */
  readonly id: string;
  /** The age of the end in milliseconds. */
  readonly ageMs: number;
}

/** What a log knows of lost entries. */
export interface LossDetails {
  /** The id of the last of them. A client with a gap through this id, or a later one, lacks no more. */
  readonly lastId: string;
  /**
   * Returns the streams of which a client lacked a lost event when it connected with an id: another hub may
   * have sent it some of the entries. `undefined` if that is not known.
   */
  readonly lacking: (id: string) => readonly string[] | undefined;
}

/** The hub's side of the seam: the callbacks that a log calls. */
export interface LogReceiver {
  /**
   * How many events the hub can keep. While a log with `read()` opens, it may leave out older events; it
   * then says so in `leftOut` of the next entry that it delivers. Left out, the log delivers everything.
   */
  readonly limits?: HistoryLimits;
  /** Called with entries in the log's order, each entry once; the entries of one call are one turn. */
  readonly deliver: (entries: readonly LogEntry[]) => void;
  /**
   * Called when the log can't deliver entries through an id any more: they were trimmed or lost first.
   *
   * @param streams The streams of those entries. Left out, the entries may be of any stream. Empty: no
   * subscriber lacks an entry, but an event that was appended here and is not delivered by now never
   * will be.
   * @param details What is known of the entries. Left out, all clients lack them.
   */
  readonly lost: (
    throughId: string,
    streams?: readonly string[],
    details?: LossDetails,
  ) => void;
  /**
   * Called with the ends of streams whose entries the log does not deliver: when the log opens, after
   * `reset`, and after each `lost`. If the hub knows an end of a stream that is not among them, the end
   * no longer holds: the stream has begun anew, or it ended too long ago.
   *
   * @param ends The ends of all streams, or of the streams given.
   */
  readonly ended?: (ends: readonly LogEnd[], streams?: readonly string[]) => void;
  /**
   * Called when the log begins anew, because its store has lost everything. All earlier ids are invalid,
   * and `startId` has changed. The log delivers the entries it has now next.
   */
  readonly reset: () => void;
  /**
   * Called with `false` and the reason when the log becomes unreachable or unwritable, again for each new
   * reason, and with `true` when the log is up again.
   */
  readonly changed: (isUp: boolean, reason?: unknown) => void;
  /**
   * Called when the log has failed several times in a row to trim entries beyond its bounds. Not called
   * again before a trim has succeeded. The log still appends and delivers.
   */
  readonly trimFailed?: (reason: unknown) => void;
}

/**
 * A log of events, as a hub uses it.
 *
 * - **Order.** Every entry has an id, and ids only grow: {@linkcode compareIds} orders the ids of one
 *   epoch. No id is used twice, not even after a restart.
 * - **One road.** The log delivers every entry through `deliver`, whether this hub or another instance
 *   appended the entry. All instances of one log deliver the same entries in the same order. The events
 *   of one `append()` are neighbours, and the log keeps all of them or none.
 * - **Durability.** When `append()` has resolved, its events are as durable as the log makes them. When
 *   `append()` has rejected, the log may have kept the events all the same: a publisher that retries must
 *   give them keys.
 * - **Outages.** While the store is unreachable, `append()` and `read()` reject, `isUp` is false, and the
 *   log delivers nothing. After the outage, the log delivers the entries of the meantime, or calls `lost`
 *   for the entries that the store no longer has.
 */
export interface EventLog {
  /**
   * The id before the oldest entry that the log had when it opened. Known once `open()` has resolved, or
   * once the log delivers.
   */
  readonly startId: string;
  /**
   * Whether other hubs may append to the log too. If so, an id beyond this hub's newest event may be
   * another hub's, and this hub waits for the entry; otherwise such an id is invalid.
   */
  readonly isShared: boolean;
  /** Whether the entries outlive the hub: the next hub that opens the log finds them with their ids. */
  readonly isDurable: boolean;
  /** Whether `append()` can work now, as far as the log knows. */
  readonly isUp: boolean;
  /**
   * Opens the log and begins to deliver, from the oldest entry that the log has and the hub can keep.
   * Called once, before the first `append()`.
   *
   * @returns Nothing if the log is open at once. Otherwise a promise that resolves when the log has
   * delivered the entries it had, and that rejects if trying again would not help.
   */
  open(receiver: LogReceiver): void | Promise<void>;
  /** Whether this log can have assigned an id, or can assign it later. */
  hasId(id: string): boolean;
  /**
   * Appends events that are checked already. A log that decides on keys skips events with a known key.
   *
   * @returns The ids of the events; without a promise only from a log that has delivered the events
   * before the call returns. Rejects while the store is unreachable, and once the log is closed.
   * @throws {RangeError} Synchronously, if the events are too large to be kept together.
   */
  append(
    stream: string,
    events: readonly ServerSentEvent[],
    options?: AppendOptions,
  ): Appended | Promise<Appended>;
  /** Appends the end of a stream, and resolves with the id of the end. */
  end(stream: string): Promise<string>;
  /**
   * Reads the page of entries after an id, for a client that resumes from before the hub's history. An id
   * that has not been reached yet has nothing after it. Left out by a log that keeps no more than the
   * hub's history.
   *
   * The hub calls this method for every client that resumes, all at once if need be: the log itself must
   * limit how many reads run at a time.
   *
   * @throws {DOMException} `QuotaExceededError` if too many reads are waiting: the hub then asks the
   * client to reconnect later. After any other error, the hub tries again every second.
   */
  read?(afterId: string, options?: ReadOptions): Promise<LogPage>;
  /**
   * Returns the id just before an entry's id: later than the id of every earlier entry, and valid for
   * `read()`. Left out by a log without `read()`.
   */
  idBefore?(id: string): string;
  /**
   * Whether only `read()` can tell what comes after an id, even if the hub's history reaches back to it:
   * lost events stood before the event with this id, and some clients had received them. Left out by a
   * log without such ids.
   */
  isUncertain?(id: string): boolean;
  /** Returns the figures of the log, without asking its store. Left out by a log without figures. */
  stats?(): LogStats;
  /**
   * The notes that the hubs of this log leave for each other, once the log is open. Left out by a log of
   * one hub, and by a log whose store keeps no notes.
   */
  readonly notes?: Notes | undefined;
  /**
   * Stops delivering. Resolves when every pending `append()` has settled and the log has closed all its
   * resources. May be called twice.
   */
  close(): Promise<void>;
}

/** The error with which a closed log rejects a call. */
export function closedError(verb: "append to" | "read"): Error {
  return new Error(`Cannot ${verb} log: it is closed`);
}
