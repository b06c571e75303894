/**
 * How a subscriber catches up: where it starts, and which chunk of the histories or page of the log it is
 * sent each time its client has taken all waiting bytes.
 *
 * @module
 */

import type { Counters } from "./counters.ts";
import type { EventForm } from "./event_form.ts";
import type { Floors } from "./floors.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { compareIds, laterId } from "../wire/ids.ts";
import { chunkBeforeGap, type LogGapChunk } from "./log_gap.ts";
import type { LogProgress } from "./log_progress.ts";
import type { LogReader, LogReaderPage } from "./log_reader.ts";
import type { Members } from "./members.ts";
import { missingDecisions, settledBy } from "./missing.ts";
import type { MergedHistory } from "./merged_history.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Behind, ReadingLog, Resuming, Start, Subscriber } from "./subscriber.ts";
import type { Decision } from "./trace.ts";

/** The parts of a hub that an audience and its catching up use. */
export interface CatchUpSource {
  readonly sequencer: Sequencer;
  readonly progress: LogProgress;
  readonly counters: Counters;
  /** Reads the log for subscribers; `undefined` if the log can't be read. */
  readonly reader: LogReader | undefined;
}

/** What a {@linkcode CatchUp} needs of its audience. */
export interface CatchUpOptions {
  /** The streams of the audience. */
  readonly members: Members;
  /** The form of the audience's events. */
  readonly form: EventForm;
  /** The histories of these streams, read as one. */
  readonly merged: MergedHistory;
  /** The parts of the hub that the audience uses. */
  readonly source: CatchUpSource;
  /** Returns the position through which the audience was flushed. */
  readonly flushedThrough: () => number;
  /** Called when events that a subscriber needs next are gone. Left out, nobody is told. */
  readonly onMissing?: (subscriber: Subscriber, decision: Decision) => void;
  /** Called when a subscriber has caught up. */
  readonly onCaughtUp: (subscriber: Subscriber) => void;
}

/** The entries of the log that are gone; see `LogReaderPage`. */
type Gone = Pick<LogReaderPage, "goneStreams" | "lastGoneId"> & { readonly goneThrough: string };

/** Catches up the subscribers of one audience. */
export class CatchUp {
  readonly #options: CatchUpOptions;

  /** Begins without subscribers. */
  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /**
   * Returns where a subscriber starts that has every event through an id. In ephemeral streams, which
   * can't be resumed, it starts at the newest event.
   *
   * @param floorIds For each stream, an id: the subscriber wants only later events of the stream.
   */
  startAfter(id: string, floorIds?: Floors<string>): Start {
    const flushedThrough = this.#options.flushedThrough();
    const { members, othersChangedAt } = this.#options.members.changedAfterId(id);
    // No stream has an event after the client's id at or before this position.
    let hadThrough = othersChangedAt;
    const byName = new Map<string, number>();
    let first = flushedThrough;
    const { forgotten } = this.#options.members;
    let told = forgotten;
    for (const member of members) {
      const { stream: { name, history, isEphemeral }, isRest } = member;
      const floorId = laterId(id, this.#options.members.floorIdOf(member, floorIds));
      if (isRest) {
        const { evictedThrough, evictedId } = history;
        if (compareIds(id, evictedId) >= 0) hadThrough = Math.max(hadThrough, evictedThrough);
        else if (compareIds(floorId, evictedId) < 0) {
          told = -1;
          first = Math.min(first, evictedThrough - 1);
        }
        continue;
      }
      const floor = isEphemeral ? flushedThrough : history.positionOf(floorId);
      byName.set(name, floor);
      first = Math.min(first, floor);
    }
    const cursor = Math.max(first, hadThrough);
    return { id, cursor, floors: { byName, others: -1, forgotten }, floorIds, told };
  }

  /**
   * Returns where a newcomer starts that wants the newest `count` events of each stream; by default, as
   * many as the stream's `replayEvents`.
   */
  startWithNewest(count: number | undefined): Start {
    const { members, merged, source } = this.#options;
    const { headId } = source.progress;
    const { forgotten } = members;
    const flushedThrough = this.#options.flushedThrough();
    const byName = new Map<string, number>();
    const idsByName = source.reader && new Map<string, string>();
    let cursor = flushedThrough;
    for (const { stream, isCovered, isRest } of members.withReplay(count)) {
      const { name, history, isEphemeral, replayEvents } = stream;
      if (isRest) {
        byName.set(name, -1);
        continue;
      }
      const floor = isEphemeral ? flushedThrough : history.before(count ?? replayEvents);
      const next = history.next(floor);
      if (isCovered && next === Infinity) continue;
      byName.set(name, floor);
      idsByName?.set(name, history.idOf(floor));
      cursor = Math.min(cursor, next - 1);
    }
    return {
      id: cursor === flushedThrough ? headId : merged.idAt(cursor)!,
      cursor,
      floors: { byName, others: flushedThrough, forgotten },
      floorIds: idsByName && { byName: idsByName, others: headId, forgotten },
      told: forgotten,
    };
  }

  /** Whether a subscriber that starts here is behind the hub. */
  hasAfter(start: Start): boolean {
    return this.#isInLog(start) || this.#options.merged.hasAfter(start);
  }

  /**
   * Starts a subscriber that is behind the hub.
   *
   * @param endIds For a subscriber that has read the log through here: the ends of streams as of there.
   */
  begin(subscriber: Subscriber, start: Start, endIds?: ReadingLog["endIds"]): void {
    // Decided now, not at the first pull: by then, this hub may have read the entries that follow.
    if (this.#isInLog(start)) subscriber.readLog(start, endIds);
    else subscriber.resume(start);
    this.sendNext(subscriber);
  }

  /** Sends a subscriber the next chunk or page, once its client has taken all waiting bytes. */
  sendNext(subscriber: Subscriber): void {
    subscriber.response.pullWith(() => this.#pull(subscriber));
  }

  /**
   * Ends a subscriber, reason `slow`, if it is `behind` and a stream with the policy `disconnect` has
   * evicted events that it still needs.
   *
   * @returns Whether it ended the subscriber.
   */
  endIfTooFarBehind({ state, response }: Subscriber): boolean {
    const isTooFarBehind = state.name === "behind" &&
      this.#options.members.areTooFarAhead(state.cursor);
    if (isTooFarBehind) response.goAway("slow");
    return isTooFarBehind;
  }

  #pull(subscriber: Subscriber): void | Promise<void> {
    const { state } = subscriber;
    switch (state.name) {
      case "current":
        return;
      case "behind":
        if (!this.endIfTooFarBehind(subscriber)) this.#sendFromHistories(subscriber, state);
        return;
      case "resuming":
        if (!this.#isInLog(state)) return this.#sendFromHistories(subscriber, state);
        return this.#sendFromLog(subscriber, subscriber.readLog(state));
      case "reading the log":
        return this.#sendFromLog(subscriber, state);
    }
  }

  #sendFromHistories(subscriber: Subscriber, state: Behind | Resuming): void {
    const { merged, flushedThrough, onCaughtUp } = this.#options;
    const isResuming = state.name === "resuming";
    const chunk = merged.chunkAfter(state.cursor, {
      through: flushedThrough(),
      maxBytes: MAX_CHUNK_BYTES,
      floors: isResuming ? state.floors : undefined,
      told: state.told,
    });
    if (chunk) this.#send(subscriber, chunk, state.id);
    const { cursor, told } = chunk ?? {};
    if (cursor === undefined) {
      subscriber.catchUp();
      return onCaughtUp(subscriber);
    }
    const id = merged.idAt(cursor) ?? state.id;
    if (isResuming) {
      const { floors, floorIds } = state;
      subscriber.resume({ id, cursor, floors, floorIds, told: told! });
    } else {
      subscriber.fallBehind(cursor, id, told);
    }
    this.sendNext(subscriber);
  }

  /** Sends the next page of the log. */
  async #sendFromLog(subscriber: Subscriber, state: ReadingLog): Promise<void> {
    const { source } = this.#options;
    const { response } = subscriber;
    const { floorIds } = state;
    const page = await source.reader!.next(this.#options, state, response);
    // The log may have begun anew while the page was read.
    if (response.isEnded || subscriber.state !== state) return;
    // From here on in one turn: no event is missed or sent twice where the histories take over.
    source.sequencer.flush();
    const goneThrough = page.isLost ? source.progress.headId : page.goneThrough;
    if (goneThrough === undefined) {
      this.#send(subscriber, { ...page, gaps: 0, missing: [] }, state.id);
      return this.begin(subscriber, this.startAfter(page.id, floorIds), state.endIds);
    }
    const chunk = this.#chunkBeforeGap(subscriber, state, { ...page, goneThrough });
    subscriber.settled = settledBy(chunk.missing) ?? subscriber.settled;
    this.#send(subscriber, chunk, state.id);
    this.begin(subscriber, this.startAfter(chunk.id, floorIds));
  }

  #chunkBeforeGap(
    subscriber: Subscriber,
    { id, floorIds }: ReadingLog,
    { goneThrough, goneStreams, lastGoneId = goneThrough }: Gone,
  ): LogGapChunk {
    const { members, form, merged, source } = this.#options;
    const reader = source.reader!;
    const gapSource = {
      members,
      merged,
      hasGaps: form.hasGaps,
      headId: source.progress.headId,
      idBefore: (id: string) => reader.idBefore(id),
      isUncertain: reader.isUncertain(id),
      goneStreams,
      isSettled: (name: string) => subscriber.isSettled(name, lastGoneId),
    };
    return chunkBeforeGap(gapSource, this.startAfter(id, floorIds), goneThrough);
  }

  /** Sends a chunk to a subscriber that was sent everything through `afterId`. */
  #send(subscriber: Subscriber, chunk: Omit<LogGapChunk, "id">, afterId: string): void {
    const { bytes, events, gaps, isLastLeftOut, missing } = chunk;
    const { members, onMissing } = this.#options;
    if (onMissing && missing.length > 0) {
      const { headId } = this.#options.source.progress;
      missingDecisions(missing, members, { afterId, headId })
        .forEach((decision) => onMissing(subscriber, decision));
    }
    if (bytes.length > 0) subscriber.response.enqueue(bytes, events);
    if (isLastLeftOut !== undefined) subscriber.hasLeftOut = isLastLeftOut;
    this.#options.source.counters.gaps += gaps;
  }

  /** Whether only the log knows every event after an id, because the histories don't reach back to it. */
  #isInLog({ id, floorIds }: Pick<Start, "id" | "floorIds">): boolean {
    const { members, source: { reader, progress } } = this.#options;
    if (!reader || members.lastingNames.length === 0) return false;
    return !progress.hasReached(id) || reader.isUncertain(id) ||
      members.changedAfterId(id).members.some((member) =>
        member.lacksAfter(laterId(id, members.floorIdOf(member, floorIds)))
      );
  }
}
