/**
 * What a log has beyond the histories of a hub, as a subscriber gets it: page by page, encoded.
 *
 * @module
 */

import { encodeChecked } from "../wire/event.ts";
import { endAfter, isCounted } from "../log/entry_rule.ts";
import { type EventResponse, MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { compareIds } from "../wire/ids.ts";
import type { EventLog, LogPage } from "../log/event_log.ts";
import type { LogProgress } from "./log_progress.ts";
import type { Stream } from "./stream.ts";
import type { ReadingLog } from "./subscriber.ts";

/** The next of what a subscriber missed. */
export interface LogReaderPage {
  /** Whole events; none of them may be for it. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly events: number;
  /** The id through which it has been served with them. */
  readonly id: string;
  /** The id through which the log has nothing any more; then the page is empty. */
  readonly goneThrough?: string;
  /** The streams of which the log has nothing up to there; left out, it may be any. */
  readonly goneStreams?: readonly string[];
  /** Whether the log has lost all that the hub has had after `id`; then the page is empty. */
  readonly isLost?: boolean;
}

/** Reads a log for subscribers. */
export class LogReader {
  readonly #log: EventLog;
  readonly #progress: LogProgress;
  readonly #paused = new Set<() => void>();
  readonly #signals = new WeakMap<EventResponse, AbortSignal>();

  /** Reads a log that has `read()`. */
  constructor(log: EventLog, progress: LogProgress) {
    this.#log = log;
    this.#progress = progress;
  }

  /**
   * Returns the next of what a subscriber that reads the log lacks of some streams; its response may end
   * meanwhile. Waits where that is yet to come, and while the log is unreachable. Where too many wait for
   * the log, ends the response and asks its client to come back later.
   */
  async next(
    streams: readonly Stream[],
    state: ReadingLog,
    response: EventResponse,
  ): Promise<LogReaderPage> {
    const afterId = state.id;
    const { headId } = this.#progress;
    try {
      const names = streams.filter(({ isEphemeral }) => !isEphemeral).map(({ name }) => name);
      const signal = this.#signalOf(response);
      const page = await this.#log.read!(afterId, { streams: names, signal });
      const { goneThrough, goneStreams } = page;
      if (goneThrough !== undefined) {
        return { ...nothing(afterId), goneThrough, ...goneStreams && { goneStreams } };
      }
      if (page.entries.length > 0 || page.throughId) return encodePage(page, streams, state);
      // The hub was further when it asked.
      if (compareIds(afterId, headId) < 0) return { ...nothing(afterId), isLost: true };
      // Where the hub has come just as far, what the log has to say of a loss is yet to come.
      if (afterId === headId && afterId === this.#progress.headId) await this.#pause();
      await new Promise<void>((resolve) => {
        response.onEnd(this.#progress.whenReached(afterId, { onReach: resolve }));
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError") response.sendAway();
      // Who operates it is told by the log itself; the subscriber has its heartbeat meanwhile.
      else if (!response.isEnded) await this.#pause();
    }
    return nothing(afterId);
  }

  /** The id just before an entry's. */
  idBefore(id: string): string {
    return this.#log.idBefore?.(id) ?? id;
  }

  /** Whether it is for the log to say what comes after an id, whatever the histories have. */
  isUncertain(id: string): boolean {
    return this.#log.isUncertain?.(id) ?? false;
  }

  /** Goes on with those that wait because the log was away; called every so often. */
  retry(): void {
    for (const resume of this.#paused) resume();
    this.#paused.clear();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#paused.add(resolve));
  }

  /** Aborted when a response ends. */
  #signalOf(response: EventResponse): AbortSignal {
    let signal = this.#signals.get(response);
    if (!signal) {
      const controller = new AbortController();
      signal = controller.signal;
      response.onEnd(() => controller.abort());
      this.#signals.set(response, signal);
    }
    return signal;
  }
}

function encodePage(
  { entries, throughId }: LogPage,
  streams: readonly Stream[],
  { id: afterId, floorIds, endIds }: ReadingLog,
): LogReaderPage {
  const indexes = new Map(streams.map(({ name }, index) => [name, index]));
  let id = afterId;
  let text = "";
  let events = 0;
  for (const entry of entries) {
    if (text.length > MAX_CHUNK_BYTES) return { bytes: encoder.encode(text), events, id };
    id = entry.id;
    const index = indexes.get(entry.stream);
    if (index === undefined) continue;
    const stream = streams[index]!;
    const before = endIds.has(entry.stream) ? endIds.get(entry.stream) : endBefore(stream, id);
    const endId = endAfter(before, entry);
    endIds.set(entry.stream, endId);
    if (compareIds(id, floorIds?.[index] ?? afterId) <= 0) continue;
    if (!isCounted(entry, endId, stream)) continue;
    text += encodeChecked(entry.event!, id).text;
    events++;
  }
  return { bytes: encoder.encode(text), events, id: throughId ?? id };
}

const encoder = new TextEncoder();

function nothing(id: string): LogReaderPage {
  return { bytes: encoder.encode(), events: 0, id };
}

/** The id of a stream's end, if the end is known here and stands before an entry. */
function endBefore({ endId }: Stream, id: string): string | undefined {
  return endId !== undefined && compareIds(endId, id) < 0 ? endId : undefined;
}
