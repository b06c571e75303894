/**
 * The traces of all connections: kept while a connection is open and for an hour after its end, within a
 * bound for all together.
 *
 * @module
 */

import type { EndReason } from "../wire/event_response.ts";
import type { Replay, Subscriber } from "./subscriber.ts";
import { type Decision, NONE, type Trace } from "./trace.ts";

/** What a trace of a connection that has ended keeps besides, to explain it. */
export interface EndedTrace extends Trace {
  /** The types of the events that it got; `undefined` for all types. */
  readonly types: readonly string[] | undefined;
  /** Which kept events it got as a newcomer; `undefined` if it got none. */
  readonly replay: Replay | undefined;
  readonly endedMs: number;
  readonly size: number;
}

/** The traces of all connections, bounded together. */
export class Traces {
  readonly #idOf: (subscriber: Subscriber) => string;
  readonly #maxBytes: number;
  // In the order in which the connections ended.
  readonly #ended = new Map<string, EndedTrace>();
  #bytes = 0;

  /**
   * Begins without traces.
   *
   * @param idOf Returns the id of a subscriber.
   */
  constructor(idOf: (subscriber: Subscriber) => string, maxBytes: number = MAX_BYTES) {
    this.#idOf = idOf;
    this.#maxBytes = maxBytes;
  }

  /** How many bytes all decisions and ended traces take, as an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes a decision about an open connection. */
  note(subscriber: Subscriber, decision: Decision): void {
    const decisions = subscriber.decisions;
    const last = decisions.at(-1);
    if (last?.what === decision.what && last.id === decision.id) return;
    if (decision.what === "behind" && last?.what === "current") {
      // A client that is slow on and off has one pair of decisions, from the first to the last.
      if (decisions.at(-2)?.what === "behind") return this.#drop(subscriber, decisions.length - 1);
    }
    if (decisions.length >= MAX_DECISIONS - 2) this.#drop(subscriber, 0);
    const size = sizeOf(decision);
    this.#makeRoom(size);
    if (this.#bytes + size > this.#maxBytes) return;
    this.#bytes += size;
    subscriber.decisions = [...subscriber.decisions, decision];
  }

  /** Returns the trace of an open connection. */
  of(subscriber: Subscriber): Trace {
    const { client, audience: { names: streams }, decisions } = subscriber;
    const all = [openedOf(subscriber), ...decisions];
    return { id: this.#idOf(subscriber), client, streams, decisions: all };
  }

  /** Keeps the trace of a connection that has ended. */
  end(subscriber: Subscriber, reason: EndReason | "denied", nowMs: number): void {
    const id = subscriber.endId ?? subscriber.opening.id;
    const trace = this.of(subscriber);
    for (const decision of subscriber.decisions) this.#bytes -= sizeOf(decision);
    subscriber.decisions = NONE;
    const ended: Decision = { what: "ended", timeMs: nowMs, id, reason };
    const decisions = [...trace.decisions, ended];
    const { opening: { replay }, audience: { types } } = subscriber;
    const texts = [...Object.values(trace.client), ...trace.streams] as readonly string[];
    const size = texts.reduce((sum, text) => sum + text.length, TRACE_BYTES) +
      decisions.reduce((sum, decision) => sum + sizeOf(decision), 0);
    this.#makeRoom(size);
    if (this.#bytes + size > this.#maxBytes) return;
    this.#bytes += size;
    this.#ended.set(trace.id, { ...trace, decisions, types, replay, endedMs: nowMs, size });
  }

  /** Returns the trace of a connection that has ended; `undefined` if it is not kept. */
  get(id: string): EndedTrace | undefined {
    return this.#ended.get(id);
  }

  /** Iterates over the traces of connections that have ended, in the order of their ends. */
  ended(): IteratorObject<EndedTrace> {
    return this.#ended.values();
  }

  /** Drops the traces of connections that ended more than an hour ago. */
  expire(nowMs: number): void {
    for (const trace of this.#ended.values()) {
      if (nowMs - trace.endedMs <= KEPT_MS) return;
      this.#forget(trace);
    }
  }

  #makeRoom(size: number): void {
    if (this.#bytes + size <= this.#maxBytes) return;
    for (const trace of this.#ended.values()) {
      this.#forget(trace);
      if (this.#bytes + size <= this.#maxBytes) return;
    }
  }

  #forget({ id, size }: EndedTrace): void {
    this.#ended.delete(id);
    this.#bytes -= size;
  }

  #drop(subscriber: Subscriber, index: number): void {
    this.#bytes -= sizeOf(subscriber.decisions[index]!);
    subscriber.decisions = subscriber.decisions.toSpliced(index, 1);
  }
}

/** Makes the first decision of a connection, which an open connection keeps as it is. */
function openedOf({ opening, response }: Subscriber): Decision {
  const { id, lastEventId } = opening;
  const timeMs = Math.round(Date.now() - response.ageMs);
  return { what: "opened", timeMs, id, ...lastEventId !== undefined && { lastEventId } };
}

/** An estimate of the memory of a decision, in bytes. */
function sizeOf({ id, afterId = "", lastEventId = "", streams = [] }: Decision): number {
  const texts = id.length + afterId.length + lastEventId.length;
  return streams.reduce((sum, { length }) => sum + length + 16, DECISION_BYTES + texts);
}

const KEPT_MS = 3_600_000;
const MAX_BYTES = 15 * 1_048_576;
const MAX_DECISIONS = 32;
const DECISION_BYTES = 112;
const TRACE_BYTES = 320;
