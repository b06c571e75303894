/**
 * What became of an event for one connection, and the sentence that says so.
 *
 * @module
 */

import type { EventLog } from "../log/event_log.ts";
import { compareIds } from "../wire/ids.ts";
import { coversStream } from "../wire/stream_name.ts";
import type { Found } from "./find_event.ts";
import type { LogProgress } from "./log_progress.ts";
import type { Replay, Subscriber } from "./subscriber.ts";
import type { Decision, Trace } from "./trace.ts";

/**
 * What became of an event for one connection.
 *
 * - `sent`: the event was handed to the runtime for this client.
 * - `waiting`: the client is slow or still catching up; the event will be sent.
 * - `gap`: the event was no longer kept when it was due, and the client was told by a `gap`.
 * - `skipped`: a newer event of its stream took its place (policy `latest`).
 * - `filtered`: the client asked for events of other types.
 * - `unauthorized`: the client's permission ended before the event, or does not cover its stream.
 * - `other_stream`: the connection does not subscribe to the event's stream.
 * - `before`: the event is older than the place where the connection began.
 * - `after`: the connection ended before the event.
 * - `unpublished`: this instance has not received an event with this id yet.
 * - `unknown`: the id is not of this log, or nothing is known of its event any more.
 */
export type Outcome =
  | "sent"
  | "waiting"
  | "gap"
  | "skipped"
  | "filtered"
  | "unauthorized"
  | "other_stream"
  | "before"
  | "after"
  | "unpublished"
  | "unknown";

/** A connection, open or ended. */
export interface Connection {
  readonly trace: Trace;
  readonly subscriber: Subscriber | undefined;
  readonly types: readonly string[] | undefined;
  readonly replay: Replay | undefined;
  readonly opened: Decision;
  readonly ended: Decision | undefined;
  /** The id through which the client was sent everything. */
  readonly lastId: string;
}

/** What became of an event, as an answer has it. */
export interface ConnectionAnswer {
  /** What became of the event. */
  readonly outcome: Outcome;
  /** The answer as a sentence. */
  readonly detail: string;
  /** When the event was sent, in milliseconds since 1970; left out if the client was not current then. */
  readonly sentMs?: number;
  /** How many of the hub's events are to be read before this one; only of `waiting`, if known. */
  readonly waitsFor?: number;
}

/** Decides what became of an event for a connection. */
export function decide(
  id: string,
  found: Found | undefined,
  connection: Connection,
  { log, progress }: { readonly log: EventLog; readonly progress: LogProgress },
): ConnectionAnswer {
  const { trace, types, ended, lastId } = connection;
  if (id === "") {
    return answer(
      "unknown",
      "An event of an ephemeral stream has no id, and nothing is known of what became of it",
    );
  }
  if (!log.hasId(id)) {
    return answer(
      "unknown",
      "The id is not of this log, and no event in memory has it as its key: the log has begun anew since, or " +
        "the id is wrong",
    );
  }
  if (!progress.hasReached(id)) {
    return answer("unpublished", "This instance has not received an event with this id yet");
  }
  if (found && !trace.streams.some((asked) => coversStream(asked, found.stream))) {
    return answer(
      "other_stream",
      `The event is of the stream ${quoted(found.stream)}, to which the ` +
        `connection does not subscribe; it subscribes to ${trace.streams.map(quoted).join(", ")}`,
    );
  }
  if (isBefore(id, found, connection)) return beforeAnswer(connection);
  const missing = trace.decisions.findLast((decision) => isMissingIn(decision, id, found));
  if (missing) return missingAnswer(missing, found);
  if (found && types && !types.includes(found.type)) {
    return answer(
      "filtered",
      `The event has the type ${quoted(found.type)}, and the client asked for ` +
        types.map(quoted).join(", "),
    );
  }
  if (compareIds(id, lastId) > 0) {
    return ended ? endedAnswer(ended) : waitingAnswer(found, connection);
  }
  if (!found) {
    return answer(
      "unknown",
      "No event with this id is kept any more, so its stream is unknown; if it was of a stream of this " +
        "connection, the event was sent",
    );
  }
  return sentAnswer(id, found, connection);
}

function answer(outcome: Outcome, detail: string): ConnectionAnswer {
  return { outcome, detail };
}

/** Whether an event comes before the place where the connection began. */
function isBefore(
  id: string,
  found: Found | undefined,
  { replay, opened }: Connection,
): boolean {
  if (compareIds(id, opened.id) <= 0) return true;
  if (!replay || !found?.kept) return false;
  const { stream: { history, replayEvents }, position } = found.kept;
  const { head, count = replayEvents } = replay;
  // A newcomer gets the newest events as of its begin, and everything later.
  return position <= head && history.count(position, head) >= count;
}

function beforeAnswer({ trace, opened }: Connection): ConnectionAnswer {
  const { id, lastEventId } = opened;
  const isReset = trace.decisions[1]?.what === "reset";
  const why = lastEventId === undefined
    ? "the client came without an id"
    : isReset
    ? `the client's id ${quoted(lastEventId)} means nothing here, which a reset told it`
    : `the client said that it had everything through ${quoted(lastEventId)}`;
  return answer(
    "before",
    `The event is older than the place where the connection began, ${quoted(id)}: ${why}`,
  );
}

/** Whether a decision says that an event was not sent, or was perhaps not sent. */
function isMissingIn(
  { what, id, afterId = "", streams = [] }: Decision,
  eventId: string,
  found: Found | undefined,
): boolean {
  if (what !== "gap" && what !== "skipped") return false;
  if (compareIds(afterId, eventId) >= 0 || compareIds(eventId, id) > 0) return false;
  if (!found || streams.includes(found.stream)) return true;
  if (!streams.some((asked) => coversStream(asked, found.stream))) return false;
  // A pattern stands for some of its streams, and not for one that still keeps what it had.
  if (!found.kept) return true;
  const { history } = found.kept.stream;
  const hadEvicted = compareIds(history.evictedId, afterId) > 0;
  return what === "skipped" && hadEvicted && history.idOf(history.positionOf(id)) !== eventId;
}

function missingAnswer(
  { what, id, timeMs, streams = [] }: Decision,
  found: Found | undefined,
): ConnectionAnswer {
  const when = timeText(timeMs);
  const names = streams.map(quoted).join(", ");
  const probably = !found || streams.includes(found.stream) ? "" : " probably";
  if (what === "skipped") {
    return answer(
      "skipped",
      `A newer event of the stream${probably} took its place at ${when} (policy latest)`,
    );
  }
  const doubt = found ? "" : `, if it was of ${names}`;
  const where = probably === "" ? "" : ` in ${names}`;
  return answer(
    "gap",
    `The event was${probably} no longer kept when it was due${doubt}: the client got a gap${where} ` +
      `through ${quoted(id)} at ${when}`,
  );
}

function endedAnswer({ id, timeMs, reason }: Decision): ConnectionAnswer {
  const when = timeText(timeMs);
  if (reason === "expired") {
    return answer("unauthorized", `The client's permission ended at ${when}, before the event`);
  }
  if (reason === "denied") {
    return answer(
      "unauthorized",
      `The client was disconnected and denied at ${when}, before the event`,
    );
  }
  if (reason === "ended") {
    return answer("after", `The streams of the connection had ended by ${when}, before the event`);
  }
  return answer(
    "after",
    `The connection ended at ${when} (${reason}), before the event; a client that ` +
      `reconnects with the id ${quoted(id)} gets it while it is kept`,
  );
}

function waitingAnswer(found: Found | undefined, { subscriber }: Connection): ConnectionAnswer {
  const { state, response } = subscriber!;
  const detail =
    `The client is ${state.name === "current" ? "about to get the event" : state.name}; ` +
    `${response.waitingBytes} bytes wait for it`;
  if (!found?.kept || state.name === "current") return answer("waiting", detail);
  const waitsFor = found.kept.position - state.cursor;
  return {
    outcome: "waiting",
    detail: `${detail}, and it waits behind position ${waitsFor}`,
    waitsFor,
  };
}

function sentAnswer(id: string, { publishedMs }: Found, connection: Connection): ConnectionAnswer {
  const { trace: { decisions }, opened } = connection;
  const behind = decisions.findLast((decision) =>
    decision.what === "behind" && compareIds(decision.id, id) < 0
  );
  const caughtUp = decisions.find((decision) =>
    decision.what === "current" && compareIds(decision.id, id) >= 0
  );
  const wasLate = publishedMs < opened.timeMs ||
    behind && caughtUp && behind.timeMs <= caughtUp.timeMs;
  const doubt = doubtOf(connection);
  if (!wasLate) {
    const detail = `The event was sent at ${timeText(publishedMs)}${doubt}`;
    return { outcome: "sent", detail, sentMs: publishedMs };
  }
  const from = timeText(Math.max(publishedMs, opened.timeMs));
  const until = caughtUp ?? connection.ended;
  const to = until ? timeText(until.timeMs) : "now";
  return answer(
    "sent",
    `The event was sent between ${from} and ${to}, while the client caught up${doubt}`,
  );
}

/** Why a client may not have an event that was handed to the runtime for it. */
function doubtOf({ subscriber, ended }: Connection): string {
  const waitingBytes = subscriber?.response.waitingBytes ?? 0;
  if (waitingBytes > 0) return `; ${waitingBytes} bytes wait for the client to take them`;
  if (!ended) return "";
  const isUnread = ended.reason === "slow" || ended.reason === "stalled";
  const unread = isUnread ? ", before the client had taken everything that was sent" : "";
  return `; the connection ended at ${timeText(ended.timeMs)} (${ended.reason})${unread}`;
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Writes a text of somebody's choice in quotation marks. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
