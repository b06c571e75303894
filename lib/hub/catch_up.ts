/**
 * How a subscriber catches up: where it starts, and which chunk of the histories or page of the log it is
 * sent each time its client has taken all waiting bytes.
 *
 * @module
 */

import type { Counters } from "./counters.ts";
import type { EventForm } from "./event_form.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { laterId } from "../wire/ids.ts";
import { chunkBeforeGap, type LogGapChunk } from "./log_gap.ts";
import type { LogProgress } from "./log_progress.ts";
import type { LogReader, LogReaderPage } from "./log_reader.ts";
import type { MergedHistory } from "./merged_history.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Stream } from "./stream.ts";
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
  readonly streams: readonly Stream[];
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
  startAfter(id: string, floorIds?: readonly string[]): Start {
    const { streams, flushedThrough } = this.#options;
    const floors = streams.map(({ history, isEphemeral }, i) =>
      isEphemeral ? flushedThrough() : history.positionOf(laterId(id, floorIds?.[i]))
    );
    return { id, cursor: Math.min(...floors), floors, floorIds };
  }

  /**
   * Returns where a newcomer starts that wants the newest `count` events of each stream; by default, as
   * many as the stream's `replayEvents`.
   */
  startWithNewest(count: number | undefined): Start {
    const { streams, merged, source } = this.#options;
    const flushedThrough = this.#options.flushedThrough();
    const floors = streams.map(({ history, isEphemeral, replayEvents }) =>
      isEphemeral ? flushedThrough : history.before(count ?? replayEvents)
    );
    const first = Math.min(...streams.map(({ history }, i) => history.next(floors[i]!)));
    const cursor = Math.min(first - 1, flushedThrough);
    const id = cursor === flushedThrough ? source.progress.headId : merged.idAt(cursor)!;
    const floorIds = source.reader && streams.map(({ history }, i) => history.idOf(floors[i]!));
    return { id, cursor, floors, floorIds };
  }

  /** Whether a subscriber that starts here is behind the hub. */
  hasAfter(start: Start): boolean {
    return this.#isInLog(start) || this.#options.merged.hasAfter(start.cursor, start.floors);
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
      this.#options.streams.some(({ history, slowSubscriber }) =>
        slowSubscriber === "disconnect" && state.cursor < history.evictedThrough
      );
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
    this.#noteMissing(subscriber, state);
    const chunk = merged.chunkAfter(state.cursor, {
      through: flushedThrough(),
      maxBytes: MAX_CHUNK_BYTES,
      floors: isResuming ? state.floors : undefined,
    });
    if (chunk) this.#send(subscriber, chunk);
    const cursor = chunk?.cursor;
    if (cursor === undefined) {
      subscriber.catchUp();
      return onCaughtUp(subscriber);
    }
    const id = merged.idAt(cursor) ?? state.id;
    if (isResuming) {
      const { floors, floorIds } = state;
      subscriber.resume({ id, cursor, floors, floorIds });
    } else {
      subscriber.fallBehind(cursor, id);
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
      this.#send(subscriber, { ...page, gaps: 0 });
      return this.begin(subscriber, this.startAfter(page.id, floorIds), state.endIds);
    }
    const chunk = this.#chunkBeforeGap(subscriber, state, { ...page, goneThrough });
    if (chunk.missing) {
      subscriber.settled = { id: chunk.id, streams: chunk.missing };
      this.#options.onMissing?.(subscriber, {
        what: "gap",
        timeMs: Date.now(),
        afterId: state.id,
        id: chunk.id,
        streams: chunk.missing,
      });
    }
    this.#send(subscriber, chunk);
    this.begin(subscriber, this.startAfter(chunk.id, floorIds));
  }

  #chunkBeforeGap(
    subscriber: Subscriber,
    { id, floorIds }: ReadingLog,
    { goneThrough, goneStreams, lastGoneId = goneThrough }: Gone,
  ): LogGapChunk {
    const { streams, form, merged, source } = this.#options;
    const reader = source.reader!;
    const gapSource = {
      streams,
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

  /** Notes which events the histories have evicted that a subscriber needs next. */
  #noteMissing(subscriber: Subscriber, state: Behind | Resuming): void {
    const { streams, onMissing } = this.#options;
    if (!onMissing) return;
    for (const [i, { history, name, isEphemeral, replacesEvicted }] of streams.entries()) {
      const floor = state.name === "resuming" ? state.floors[i]! : 0;
      const from = Math.max(state.cursor, floor);
      if (isEphemeral || from >= history.evictedThrough) continue;
      const through = replacesEvicted
        ? Math.max(history.newest - 1, history.evictedThrough)
        : history.evictedThrough;
      onMissing(subscriber, {
        what: replacesEvicted ? "skipped" : "gap",
        timeMs: Date.now(),
        afterId: state.id,
        id: history.idOf(through),
        streams: [name],
      });
    }
  }

  #send(subscriber: Subscriber, chunk: Omit<LogGapChunk, "id">): void {
    const { bytes, events, gaps, isLastLeftOut } = chunk;
    if (bytes.length > 0) subscriber.response.enqueue(bytes, events);
    if (isLastLeftOut !== undefined) subscriber.hasLeftOut = isLastLeftOut;
    this.#options.source.counters.gaps += gaps;
  }

  /** Whether only the log knows every event after an id, because the histories don't reach back to it. */
  #isInLog({ id, floorIds }: Pick<Start, "id" | "floorIds">): boolean {
    const { streams, source: { reader, progress } } = this.#options;
    if (!reader || streams.every(({ isEphemeral }) => isEphemeral)) return false;
    return !progress.hasReached(id) || reader.isUncertain(id) ||
      streams.some((stream, i) => stream.lacksAfter(laterId(id, floorIds?.[i])));
  }
}
