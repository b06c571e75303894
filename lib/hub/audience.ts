/**
 * The subscribers of one set of streams in one mode. New events become one chunk, which all current
 * subscribers share. A subscriber that falls behind costs one number, its cursor, until it has caught up.
 *
 * @module
 */

import { CatchUp, type CatchUpSource } from "./catch_up.ts";
import { AudienceControl } from "./audience_control.ts";
import type { GoawayReason } from "../wire/control_events.ts";
import { EventForm } from "./event_form.ts";
import type { EndReason, EventResponse } from "../wire/event_response.ts";
import { laterId } from "../wire/ids.ts";
import type { LossDetails } from "../log/event_log.ts";
import type { Members } from "./members.ts";
import { MergedHistory } from "./merged_history.ts";
import { missingDecisions, settledBy } from "./missing.ts";
import type { Mode } from "./mode.ts";
import type { StreamAudience } from "./stream.ts";
import { Subscriber, type SubscriberAudience } from "./subscriber.ts";
import type { ClientIdentity } from "./subscriber_filter.ts";
import type { Subscribers } from "./subscribers.ts";
import type { Traces } from "./traces.ts";

/** A client that is about to become a subscriber. */
export interface Entrant {
  /** The client has every event through this id; `undefined` for a newcomer. */
  readonly afterId: string | undefined;
  /**
   * How many of the newest events of each stream a newcomer wants; `undefined` for each stream's
   * `replayEvents`.
   */
  readonly since: number | undefined;
  /** Whether the client gets a `reset`, and so a response even if its streams have ended. */
  readonly isReset: boolean;
  /** The `context` that the application gave to `subscribe()`. */
  readonly context: unknown;
  /** The `client` that the application gave to `subscribe()`. */
  readonly client: ClientIdentity;
  /** The id that the client sent, whether the log knows it or not. */
  readonly lastEventId: string | undefined;
}

/** The parts of a hub that an audience uses. */
export interface AudienceSource extends CatchUpSource {
  readonly subscribers: Subscribers;
  readonly traces: Traces;
}

/** What the subscribers of an audience have in common. */
export interface AudienceOptions {
  /** The streams and the mode as one text; audiences are found by it. */
  readonly key: string;
  /** The streams. */
  readonly members: Members;
  /** The mode. */
  readonly mode: Mode;
}

/** The subscribers of one set of streams in one mode. */
export class Audience implements StreamAudience, SubscriberAudience {
  /** The streams and the mode as one text; audiences are found by it. */
  readonly key: string;
  /** The streams. */
  readonly members: Members;
  /** The types of the events that go out; `undefined` for all types. */
  readonly types: readonly string[] | undefined;
  readonly #mode: Mode;
  readonly #subscribers = new Set<Subscriber>();
  readonly #source: AudienceSource;
  readonly #onEmpty: (audience: Audience) => void;
  readonly #merged: MergedHistory;
  readonly #catchUp: CatchUp;
  readonly #control: AudienceControl;
  #flushedThrough = 0;

  /**
   * Begins without subscribers.
   *
   * @param onEmpty Called when the last subscriber has ended.
   */
  constructor(
    { key, members, mode }: AudienceOptions,
    source: AudienceSource,
    onEmpty: (audience: Audience) => void,
  ) {
    this.key = key;
    this.members = members;
    this.types = mode.types;
    this.#mode = mode;
    this.#source = source;
    this.#onEmpty = onEmpty;
    const form = new EventForm(mode);
    this.#merged = new MergedHistory(members, form);
    this.#control = new AudienceControl({
      members,
      mode,
      headId: () => source.progress.headId,
      currentId: () => this.#merged.idAt(this.#flushedThrough),
    });
    this.#catchUp = new CatchUp({
      members,
      form,
      merged: this.#merged,
      source,
      flushedThrough: () => this.#flushedThrough,
      onMissing: (subscriber, decision) => source.traces.note(subscriber, decision),
      onCaughtUp: (subscriber) => {
        this.#source.traces.note(subscriber, {
          what: "current",
          timeMs: Date.now(),
          id: this.#source.progress.headId,
        });
        if (this.isEnded) return subscriber.response.end(this.#control.encodeEnded());
        const cursor = this.#control.takeCursor(subscriber);
        if (cursor) subscriber.response.enqueue(cursor, 1);
      },
    });
  }

  /** How many subscribers the audience has. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** The subscribers. */
  get subscribers(): ReadonlySet<Subscriber> {
    return this.#subscribers;
  }

  /** The names of the streams, and the patterns, sorted. */
  get names(): readonly string[] {
    return this.members.names;
  }

  /** Whether all streams have ended. A pattern has no end, since streams that it covers may follow. */
  get isEnded(): boolean {
    const { streams, patterns } = this.members;
    return patterns.length === 0 && streams.every((stream) => stream.isEnded);
  }

  /** Whether a client that has every event gets no response, because nothing is to follow. */
  get #isOver(): boolean {
    if (!this.#mode.omitsControl) return this.isEnded;
    const { streams, patterns } = this.members;
    return patterns.length === 0 &&
      streams.every((stream) => stream.isEnded || !stream.isCreated);
  }

  /**
   * Admits a subscriber. All streams must have been flushed in the same turn.
   *
   * @param open Opens the response, given the id after which the subscriber starts.
   * @returns The subscriber; `undefined` if all streams have ended and the client has every event. Without
   * control events, a stream that does not exist counts as ended.
   */
  admit(entrant: Entrant, open: (startId: string) => EventResponse): Subscriber | undefined {
    const { afterId, since, isReset, context, client, lastEventId } = entrant;
    const { head, turn } = this.#source.sequencer;
    this.#flushedThrough = head;
    const start = afterId === undefined
      ? this.#catchUp.startWithNewest(since)
      : this.#catchUp.startAfter(afterId);
    const isLacking = this.#catchUp.hasAfter(start);
    const { omitsControl } = this.#mode;
    if (this.#isOver && !isLacking && (omitsControl || !isReset)) return undefined;
    const response = open(start.id);
    const replay = afterId === undefined && isLacking ? { head, count: since } : undefined;
    const opening = { id: start.id, lastEventId, replay };
    const options = { context, client, audience: this, opening };
    const subscriber = new Subscriber(options, response, turn);
    // A newcomer does not ask for events from before it connected.
    if (afterId === undefined) subscriber.settled = opening;
    response.heartbeat = this.#control.heartbeatOf(subscriber);
    this.#add(subscriber);
    if (isReset) {
      const { id } = start;
      this.#source.traces.note(subscriber, { what: "reset", timeMs: Date.now(), id });
    }
    attempt(subscriber, () => {
      if (isLacking) this.#catchUp.begin(subscriber, start);
      else if (this.isEnded) response.end(this.#control.encodeEnded());
    });
    return subscriber;
  }

  /**
   * Sends the events published after position `after` and through position `through`: one array for all
   * current subscribers. Earlier events were flushed.
   *
   * A subscriber falls behind only at its first flush of a turn: a current subscriber gets all events of
   * a turn, however many they are.
   *
   * @param loss Given if the only event is a gap: it is not sent to those who lack none of the lost events.
   */
  flush(after: number, through: number, turn: number, loss?: LossDetails): void {
    const cursor = Math.max(after, this.#flushedThrough);
    this.#flushedThrough = through;
    const chunk = this.#merged.chunkAfter(cursor, { through, maxBytes: Infinity });
    if (!chunk) return;
    const { headId } = this.#source.progress;
    const missing = chunk.missing.length > 0
      ? missingDecisions(chunk.missing, this.members, { afterId: headId, headId })
      : [];
    const settled = settledBy(chunk.missing);
    let cursorId: string | undefined;
    this.#each((subscriber) => {
      const { state, response } = subscriber;
      if (state.name !== "current") {
        this.#catchUp.endIfTooFarBehind(subscriber);
      } else if (chunk.bytes.length === 0) {
        for (const decision of missing) this.#source.traces.note(subscriber, decision);
        subscriber.hasLeftOut = chunk.isLastLeftOut ?? subscriber.hasLeftOut;
      } else if (response.waitingBytes === 0 || subscriber.turn === turn) {
        if (loss && settled && !this.#needs(subscriber, settled.streams, loss)) return;
        subscriber.turn = turn;
        response.enqueue(chunk.bytes, chunk.events);
        subscriber.hasLeftOut = chunk.isLastLeftOut ?? subscriber.hasLeftOut;
        if (chunk.gaps > 0) this.#source.counters.gaps += chunk.gaps;
        for (const decision of missing) this.#source.traces.note(subscriber, decision);
        subscriber.settled = settled ?? subscriber.settled;
      } else {
        cursorId ??= this.#idAt(cursor);
        subscriber.fallBehind(cursor, laterId(subscriber.opening.id, cursorId));
        this.#source.traces.note(subscriber, { what: "behind", timeMs: Date.now(), id: cursorId });
        this.#catchUp.sendNext(subscriber);
      }
    });
  }

  /**
   * Sends all subscribers a `reset`, unless control events are left out, and makes them current at
   * position `head`, because the log has begun anew.
   *
   * @returns How many subscribers got the `reset`.
   */
  reset(head: number): number {
    this.#flushedThrough = head;
    if (this.members.lastingNames.length === 0) return 0;
    const { headId: id } = this.#source.progress;
    const bytes = this.#control.encodeReset(id);
    const decision = { what: "reset", timeMs: Date.now(), id } as const;
    this.#each((subscriber) => {
      subscriber.reset(id);
      this.#source.traces.note(subscriber, decision);
      subscriber.hasLeftOut = false;
      if (bytes) subscriber.response.enqueue(bytes, 1);
    });
    return bytes ? this.size : 0;
  }

  /** Ends all subscribers, also those that are behind, with a `goaway`. */
  close(reason: GoawayReason): void {
    this.#each(({ response }) => response.goAway(reason));
  }

  /** If all streams have ended, ends the current subscribers. The others end once they have caught up. */
  endIfDone(): void {
    if (!this.isEnded) return;
    const lastWords = this.#control.encodeEnded();
    for (const { state, response } of this.#subscribers) {
      if (state.name === "current") response.end(lastWords);
    }
  }

  /** Returns the id through which a subscriber was sent everything. */
  lastIdOf({ state, opening }: Subscriber): string {
    return state.name === "current"
      ? laterId(opening.id, this.#idAt(this.#flushedThrough))
      : state.id;
  }

  #idAt(position: number): string {
    return this.#merged.idAt(position) ?? this.#source.progress.headId;
  }

  /**
   * Whether a subscriber needs a gap for lost events: another hub may have sent it the events, or an earlier
   * gap may have told of them, since two hubs may record one loss, the second one more of it.
   */
  #needs(
    subscriber: Subscriber,
    streams: readonly string[],
    { lastId, lacking }: LossDetails,
  ): boolean {
    const lacked = lacking(subscriber.sinceId);
    return streams.some((name) =>
      (!lacked || this.members.isAmong(name, lacked)) && !subscriber.isSettled(name, lastId)
    );
  }

  #each(act: (subscriber: Subscriber) => void): void {
    for (const subscriber of this.#subscribers) attempt(subscriber, act);
  }

  #add(subscriber: Subscriber): void {
    this.#subscribers.add(subscriber);
    this.#source.subscribers.add(subscriber);
    for (const stream of this.members.fixed) stream.subscribers++;
    subscriber.response.onEnd(({ reason }) => this.#remove(subscriber, reason));
  }

  #remove(subscriber: Subscriber, reason: EndReason): void {
    subscriber.endId = this.lastIdOf(subscriber);
    this.#source.subscribers.delete(subscriber);
    this.#source.traces.end(subscriber, subscriber.isDenied ? "denied" : reason, Date.now());
    this.#subscribers.delete(subscriber);
    for (const stream of this.members.fixed) stream.subscribers--;
    if (this.size === 0) this.#onEmpty(this);
  }
}

/** Acts on a subscriber. If that throws, this subscriber alone ends, reason `failed`. */
function attempt(subscriber: Subscriber, act: (subscriber: Subscriber) => void): void {
  try {
    act(subscriber);
  } catch (error) {
    subscriber.response.fail(error);
  }
}
