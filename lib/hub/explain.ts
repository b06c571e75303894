/**
 * Why a client did or did not get an event, from the trace of its connection and from where the event is
 * kept. Costs nothing until somebody asks.
 *
 * @module
 */

import { compareIds } from "../wire/ids.ts";
import { coversStream } from "../wire/stream_name.ts";
import { type EventPlaces, findEvent, type Found } from "./find_event.ts";
import type { LogProgress } from "./log_progress.ts";
import type { Replay, Subscriber } from "./subscriber.ts";
import type { Subscribers } from "./subscribers.ts";
import type { Decision, Trace } from "./trace.ts";
import type { EndedTrace, Traces } from "./traces.ts";

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

/** The answer to the question why a client did or did not get an event. */
export interface Explanation {
  /** What became of the event. */
  readonly outcome: Outcome;
  /** The answer as a sentence. */
  readonly detail: string;
  /** The event's stream, if the event is still kept. */
  readonly stream?: string;
  /** When the event was published, in milliseconds since 1970, if that is known. */
  readonly publishedMs?: number;
  /** When the event was sent, in milliseconds since 1970; left out if the client was not current then. */
  readonly sentMs?: number;
  /** How many of the hub's events are to be read before this one; only of `waiting`, if known. */
  readonly waitsFor?: number;
  /** What was decided about the connection. */
  readonly trace: Trace;
}

/** The parts of a hub that an explanation is read from. */
export interface ExplainSource extends EventPlaces {
  readonly subscribers: Subscribers;
  readonly traces: Traces;
  readonly progress: LogProgress;
}

/** A connection, open or ended. */
interface Connection {
  readonly trace: Trace;
  readonly subscriber: Subscriber | undefined;
  readonly types: readonly string[] | undefined;
  readonly replay: Replay | undefined;
  readonly opened: Decision;
  readonly ended: Decision | undefined;
  /** The id through which the client was sent everything. */
  readonly lastId: string;
}

/** Finds out what became of an event; `undefined` if the connection is not known. */
export async function explain(
  connectionId: string,
  eventId: string,
  source: ExplainSource,
): Promise<Explanation | undefined> {
  const found = await findEvent(eventId, source);
  // Read after the event, in one turn: a connection may end while the log is read.
  const connection = connectionOf(connectionId, source);
  if (!connection) return undefined;
  const answer = decide(eventId, found, connection, source);
  return {
    ...answer,
    ...found && { stream: found.stream, publishedMs: found.publishedMs },
    trace: connection.trace,
  };
}

function connectionOf(
  id: string,
  { subscribers, traces }: ExplainSource,
): Connection | undefined {
  const subscriber = subscribers.get(id);
  const trace: Trace | EndedTrace | undefined = subscriber ? traces.of(subscriber) : traces.get(id);
  if (!trace) return undefined;
  const { replay, types } = subscriber
    ? { replay: subscriber.opening.replay, types: subscriber.audience.types }
    : trace as EndedTrace;
  const { decisions } = trace;
  const last = decisions.at(-1)!;
  const ended = last.what === "ended" ? last : undefined;
  const lastId = subscriber ? subscriber.audience.lastIdOf(subscriber) : last.id;
  return { trace, subscriber, types, replay, opened: decisions[0]!, ended, lastId };
}

type Answer = Omit<Explanation, "trace" | "stream" | "publishedMs">;

function decide(
  id: string,
  found: Found | undefined,
  connection: Connection,
  { log, progress }: ExplainSource,
): Answer {
  const { trace, types, ended, lastId } = connection;
  if (!log.hasId(id)) {
    return answer(
      "unknown",
      "The id is not of this log: the log has begun anew since, or the id is wrong",
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
      "The event is no longer kept, so its stream is unknown; if the connection " +
        "subscribes to it, the event was sent",
    );
  }
  return sentAnswer(id, found, connection);
}

function answer(outcome: Outcome, detail: string): Answer {
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

function beforeAnswer({ trace, opened }: Connection): Answer {
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
): Answer {
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

function endedAnswer({ id, timeMs, reason }: Decision): Answer {
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
  return answer(
    "after",
    `The connection ended at ${when} (${reason}), before the event; a client that ` +
      `reconnects with the id ${quoted(id)} gets it while it is kept`,
  );
}

function waitingAnswer(found: Found | undefined, { subscriber }: Connection): Answer {
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

function sentAnswer(id: string, { publishedMs }: Found, connection: Connection): Answer {
  const { trace: { decisions }, subscriber, opened } = connection;
  const behind = decisions.findLast((decision) =>
    decision.what === "behind" && compareIds(decision.id, id) < 0
  );
  const caughtUp = decisions.find((decision) =>
    decision.what === "current" && compareIds(decision.id, id) >= 0
  );
  const wasLate = publishedMs < opened.timeMs ||
    behind && caughtUp && behind.timeMs <= caughtUp.timeMs;
  const waitingBytes = subscriber?.response.waitingBytes ?? 0;
  const waiting = waitingBytes > 0
    ? `; ${waitingBytes} bytes wait for the client to take them`
    : "";
  if (!wasLate) {
    const detail = `The event was sent at ${timeText(publishedMs)}${waiting}`;
    return { outcome: "sent", detail, sentMs: publishedMs };
  }
  const from = timeText(Math.max(publishedMs, opened.timeMs));
  const until = caughtUp ? ` and ${timeText(caughtUp.timeMs)}` : " and now";
  return answer(
    "sent",
    `The event was sent between ${from}${until}, while the client caught up${waiting}`,
  );
}

function timeText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
