/**
 * Why a client did or did not get an event, from the trace of its connection and from where the event is
 * kept. Costs nothing until somebody asks.
 *
 * @module
 */

import { type EventPlaces, findEvent, type Found, idOfKey } from "./find_event.ts";
import type { LogProgress } from "./log_progress.ts";
import { type Connection, type ConnectionAnswer, decide, quoted } from "./outcome.ts";
import type { Subscriber } from "./subscriber.ts";
import { isMeant, type SubscriberFilter } from "./subscriber_filter.ts";
import type { Subscribers } from "./subscribers.ts";
import type { Trace } from "./trace.ts";
import type { EndedTrace, Traces } from "./traces.ts";

/** What is known of an event that is asked about. */
export interface ExplainedEvent {
  /** The event's stream, if the event is still kept. */
  readonly stream?: string;
  /** When the event was published, in milliseconds since 1970, if that is known. */
  readonly publishedMs?: number;
}

/** The answer to the question why a client did or did not get an event, for each of its connections. */
export interface ClientExplanation extends ExplainedEvent {
  /** The answers, open connections first, and the newest first of both kinds. */
  readonly connections: readonly Explanation[];
}

/** The answer to the question why a connection did or did not get an event. */
export interface Explanation extends ConnectionAnswer, ExplainedEvent {
  /** What was decided about the connection. */
  readonly trace: Trace;
}

/** The parts of a hub that an explanation is read from. */
export interface ExplainSource extends EventPlaces {
  readonly subscribers: Subscribers;
  readonly traces: Traces;
  readonly progress: LogProgress;
}

/** Finds out what became of an event; `undefined` if the connection is not known. */
export async function explain(
  connectionId: string,
  eventId: string,
  source: ExplainSource,
): Promise<Explanation | undefined> {
  const event = await identify(eventId, source);
  // Read after the event, in one turn: a connection may end while the log is read.
  const connection = connectionOf(connectionId, source);
  return connection && explainOne(event, connection, source);
}

/** Finds out what became of an event for the connections that a filter means. */
export async function explainClient(
  filter: SubscriberFilter,
  eventId: string,
  source: ExplainSource,
): Promise<ClientExplanation> {
  const event = await identify(eventId, source);
  const connections = connectionsOf(filter, source);
  return {
    ...placeOf(event),
    connections: connections.map((connection) => explainOne(event, connection, source)),
  };
}

const MAX_CONNECTIONS = 20;

/** The event that is asked about. */
interface Asked {
  readonly id: string;
  /** The publisher's key, if the question named the event by it. */
  readonly key?: string;
  /** `undefined` if no event with this id is kept. */
  readonly found: Found | undefined;
}

/** Finds the event that a question means by its id, or by the key that its publisher gave it. */
async function identify(text: string, source: ExplainSource): Promise<Asked> {
  if (source.log.hasId(text)) return { id: text, found: await findEvent(text, source) };
  const id = idOfKey(text, source);
  if (id === undefined) return { id: text, found: undefined };
  return { id, key: text, found: await findEvent(id, source) };
}

function placeOf({ found }: Asked): ExplainedEvent {
  return found ? { stream: found.stream, publishedMs: found.publishedMs } : {};
}

function explainOne(event: Asked, connection: Connection, source: ExplainSource): Explanation {
  const { id, key, found } = event;
  const answer = decide(id, found, connection, source);
  const byKey = key === undefined ? "" : `${quoted(key)} is the key of the event ${quoted(id)}. `;
  return {
    ...answer,
    detail: `${byKey}${answer.detail}`,
    ...placeOf(event),
    trace: connection.trace,
  };
}

function connectionOf(id: string, source: ExplainSource): Connection | undefined {
  const subscriber = source.subscribers.get(id);
  if (subscriber) return openConnection(subscriber, source);
  const trace = source.traces.get(id);
  return trace && endedConnection(trace);
}

/** Finds the newest connections that a filter means, open ones first. */
function connectionsOf(
  { id, ...filter }: SubscriberFilter,
  source: ExplainSource,
): readonly Connection[] {
  const { subscribers, traces } = source;
  const open = id === undefined
    ? subscribers.values()
    : [subscribers.get(id)].filter((one) => one !== undefined).values();
  const isMeantTrace = ({ id: traceId, client, streams }: EndedTrace) =>
    (id === undefined || id === traceId) &&
    isMeant(filter, client, streams);
  return [
    ...open.filter(({ client, audience }) => isMeant(filter, client, audience.names))
      .toArray().slice(-MAX_CONNECTIONS).reverse()
      .map((subscriber) => openConnection(subscriber, source)),
    ...traces.ended().filter(isMeantTrace).toArray().slice(-MAX_CONNECTIONS).reverse()
      .map(endedConnection),
  ].slice(0, MAX_CONNECTIONS);
}

function openConnection(subscriber: Subscriber, { traces }: ExplainSource): Connection {
  const trace = traces.of(subscriber);
  const { opening: { replay }, audience } = subscriber;
  const lastId = audience.lastIdOf(subscriber);
  const opened = trace.decisions[0]!;
  return { trace, subscriber, types: audience.types, replay, opened, ended: undefined, lastId };
}

function endedConnection(trace: EndedTrace): Connection {
  const { decisions, types, replay } = trace;
  const ended = decisions.at(-1)!;
  const opened = decisions[0]!;
  return { trace, subscriber: undefined, types, replay, opened, ended, lastId: ended.id };
}
