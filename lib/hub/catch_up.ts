/**
 * How a subscriber catches up that lacks something: where it begins, and what it is sent each time that
 * its client has taken all, out of the histories or out of the log.
 *
 * @module
 */

import type { AudienceSource } from "./audience.ts";
import { MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { laterId } from "../wire/ids.ts";
import { chunkBeforeGap, type LogGapChunk } from "./log_gap.ts";
import type { MergedHistory } from "./merged_history.ts";
import type { Stream } from "./stream.ts";
import type { Behind, ReadingLog, Resuming, Start, Subscriber } from "./subscriber.ts";

/** Whose subscribers a {@linkcode CatchUp} serves. */
export interface CatchUpOptions {
  /** Their streams. */
  readonly streams: readonly Stream[];
  /** The histories of these, read as one. */
  readonly merged: MergedHistory;
  /** What it takes from the hub. */
  readonly source: AudienceSource;
  /** Returns the position through which their streams were flushed. */
  readonly flushedThrough: () => number;
  /** Called for a subscriber that has caught up. */
  readonly onCaughtUp: (subscriber: Subscriber) => void;
}

/** Has the subscribers of one set of streams catch up. */
export class CatchUp {
  readonly #options: CatchUpOptions;

  /** Begins without subscribers. */
  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /**
   * Where a subscriber begins that has everything through an id. Ephemeral streams can't be resumed.
   *
   * @param floorIds By stream, the id through which it wants nothing, if that is later.
   */
  startAfter(id: string, floorIds?: readonly string[]): Start {
    const { streams, flushedThrough } = this.#options;
    const floors = streams.map(({ history, isEphemeral }, i) =>
      isEphemeral ? flushedThrough() : history.positionOf(laterId(id, floorIds?.[i]))
    );
    return { id, cursor: Math.min(...floors), floors, floorIds };
  }

  /** Where a newcomer begins that wants the newest `count` events of each stream, or its default. */
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

  /** Whether there is anything for a subscriber that begins there. */
  hasAfter(start: Start): boolean {
    return this.#isInLog(start) || this.#options.merged.hasAfter(start.cursor, start.floors);
  }

  /**
   * Has a subscriber begin there, which may lack something.
   *
   * @param endIds For one that read the log up to there: what it knows of ends.
   */
  begin(subscriber: Subscriber, start: Start, endIds?: ReadingLog["endIds"]): void {
    // What is in the log now may be in the histories by the next pull, and they say nothing of it yet.
    if (this.#isInLog(start)) subscriber.readLog(start, endIds);
    else subscriber.resume(start);
    this.goOn(subscriber);
  }

  /** Sends a subscriber the next of what it lacks, once its client has taken all. */
  goOn(subscriber: Subscriber): void {
    subscriber.response.pullWith(() => this.#pull(subscriber));
  }

  /** Ends a subscriber as slow, where the histories have evicted what it lacks and do so. */
  endIfFallen({ state, response }: Subscriber): boolean {
    const hasFallen = state.name === "behind" &&
      this.#options.streams.some(({ history, slowSubscriber }) =>
        slowSubscriber === "disconnect" && state.cursor < history.evictedThrough
      );
    if (hasFallen) response.end("slow");
    return hasFallen;
  }

  #pull(subscriber: Subscriber): void | Promise<void> {
    const { state } = subscriber;
    switch (state.name) {
      case "current":
        return;
      case "behind":
        if (!this.endIfFallen(subscriber)) this.#sendFromHistories(subscriber, state);
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
    });
    if (chunk) this.#send(subscriber, chunk);
    const cursor = chunk?.cursor;
    if (cursor === undefined) {
      subscriber.catchUp();
      return onCaughtUp(subscriber);
    }
    if (isResuming) {
      const { floors, floorIds } = state;
      subscriber.resume({ id: merged.idAt(cursor) ?? state.id, cursor, floors, floorIds });
    } else {
      subscriber.fallBehind(cursor);
    }
    this.goOn(subscriber);
  }

  /** Sends the next page of the log. */
  async #sendFromLog(subscriber: Subscriber, state: ReadingLog): Promise<void> {
    const { streams, source } = this.#options;
    const { response } = subscriber;
    const { floorIds } = state;
    const page = await source.reader!.next(streams, state, response);
    // While the log is read, it may begin anew.
    if (response.isEnded || subscriber.state !== state) return;
    // From here on it is one turn, so that nothing is left out or sent twice where the history goes on.
    source.sequencer.flush();
    const goneThrough = page.isLost ? source.progress.headId : page.goneThrough;
    if (goneThrough === undefined) {
      if (page.events > 0) this.#send(subscriber, { ...page, gaps: 0 });
      return this.begin(subscriber, this.startAfter(page.id, floorIds), state.endIds);
    }
    const chunk = this.#chunkBeforeGap(state, goneThrough, page.goneStreams);
    if (chunk.events > 0) this.#send(subscriber, chunk);
    this.begin(subscriber, this.startAfter(chunk.id, floorIds));
  }

  #chunkBeforeGap(
    { id, floorIds }: ReadingLog,
    goneThrough: string,
    goneStreams: readonly string[] | undefined,
  ): LogGapChunk {
    const { streams, merged, source } = this.#options;
    const reader = source.reader!;
    const gapSource = {
      streams,
      merged,
      headId: source.progress.headId,
      idBefore: (id: string) => reader.idBefore(id),
      isUncertain: reader.isUncertain(id),
      goneStreams,
    };
    return chunkBeforeGap(gapSource, this.startAfter(id, floorIds), goneThrough);
  }

  #send({ response }: Subscriber, { bytes, events, gaps }: Omit<LogGapChunk, "id">): void {
    response.enqueue(bytes, events);
    this.#options.source.counters.gaps += gaps;
  }

  /** Whether only the log can say what comes after an id, and not the histories. */
  #isInLog({ id, floorIds }: Pick<Start, "id" | "floorIds">): boolean {
    const { streams, source: { reader, progress } } = this.#options;
    if (!reader || streams.every(({ isEphemeral }) => isEphemeral)) return false;
    return !progress.hasReached(id) || reader.isUncertain(id) ||
      streams.some((stream, i) => stream.lacksAfter(laterId(id, floorIds?.[i])));
  }
}
