/**
 * Reads the log for subscribers that lack events the histories don't have: page by page, encoded.
 *
 * @module
 */

import { encodeChecked } from "../wire/event.ts";
import type { EventForm } from "./event_form.ts";
import { deliveredEvent, endAfter, isCounted } from "../log/entry_rule.ts";
import { type EventResponse, MAX_CHUNK_BYTES } from "../wire/event_response.ts";
import { compareIds } from "../wire/ids.ts";
import type { EventLog, LogPage } from "../log/event_log.ts";
import type { LogProgress } from "./log_progress.ts";
import type { Members } from "./members.ts";
import type { Stream } from "./stream.ts";
import { floorOf } from "./floors.ts";
import type { ReadingLog } from "./subscriber.ts";

/** The next page of the log for a subscriber, encoded. */
export interface LogReaderPage {
  /** Whole events; empty if the page has no events for the subscriber. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold. */
  readonly events: number;
  /** Whether the last event is left out; `undefined` if the page has no event of the streams. */
  readonly isLastLeftOut: boolean | undefined;
  /** With this page, the subscriber has everything through this id. */
  readonly id: string;
  /** The id through which entries are gone. If it is set, the page is empty. */
  readonly goneThrough?: string;
  /** The streams of the entries that are gone; left out, they may be of any stream. */
  readonly goneStreams?: readonly string[];
  /** The id of the last entry that is gone; left out, it may be any id through `goneThrough`. */
  readonly lastGoneId?: string;
  /** Whether the log has lost every entry after `id` that it delivered. If so, the page is empty. */
  readonly isLost?: boolean;
}

/** Reads a log for the subscribers of a hub. */
export class LogReader {
  readonly #log: EventLog;
  readonly #progress: LogProgress;
  readonly #paused = new Set<() => void>();
  readonly #signals = new WeakMap<EventResponse, AbortSignal>();

  /** Makes a reader of a log, which must have `read()`. */
  constructor(log: EventLog, progress: LogProgress) {
    this.#log = log;
    this.#progress = progress;
  }

  /**
   * Returns the next page of some streams for a subscriber that reads the log, with the events in a form.
   * Waits for entries that are yet to come, and while the log is unreachable. The response may end
   * meanwhile. If too many reads of the log wait, ends the response and asks the client to reconnect later.
   */
  async next(
    { members, form }: { readonly members: Members; readonly form: EventForm },
    state: ReadingLog,
    response: EventResponse,
  ): Promise<LogReaderPage> {
    const afterId = state.id;
    const { headId } = this.#progress;
    try {
      const signal = this.#signalOf(response);
      const page = await this.#log.read!(afterId, { streams: members.lastingNames, signal });
      const { goneThrough, goneStreams, lastGoneId } = page;
      if (goneThrough !== undefined) {
        return {
          ...nothing(afterId),
          goneThrough,
          ...goneStreams && { goneStreams },
          ...lastGoneId && { lastGoneId },
        };
      }
      if (page.entries.length > 0 || page.throughId) return encodePage(page, members, form, state);
      // Before the read, the hub already had entries after this id.
      if (compareIds(afterId, headId) < 0) return { ...nothing(afterId), isLost: true };
      // The hub is at exactly this id, and stayed there: the log may yet report a loss.
      if (afterId === headId && afterId === this.#progress.headId) await this.#pause();
      await new Promise<void>((resolve) => {
        response.onEnd(this.#progress.whenReached(afterId, { onReach: resolve }));
      });
    } catch (error) {
      const isFull = error instanceof DOMException && error.name === "QuotaExceededError";
      if (isFull) response.goAway("overloaded");
      // Not reported here: the log reports its outages itself. Heartbeats keep the subscriber connected.
      else if (!response.isEnded) await this.#pause();
    }
    return nothing(afterId);
  }

  /** Returns the id just before an entry's id. */
  idBefore(id: string): string {
    return this.#log.idBefore?.(id) ?? id;
  }

  /** Whether only the log knows every event after an id: see `EventLog.isUncertain()`. */
  isUncertain(id: string): boolean {
    return this.#log.isUncertain?.(id) ?? false;
  }

  /** Retries the reads that failed because the log was unreachable. The hub calls it every second. */
  retry(): void {
    for (const resume of this.#paused) resume();
    this.#paused.clear();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#paused.add(resolve));
  }

  /** Returns a signal that is aborted when a response ends. */
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
  members: Members,
  form: EventForm,
  { id: afterId, floorIds, endIds }: ReadingLog,
): LogReaderPage {
  let id = afterId;
  let text = "";
  let events = 0;
  let isLastLeftOut: boolean | undefined;
  for (const entry of entries) {
    if (text.length > MAX_CHUNK_BYTES) {
      return { bytes: encoder.encode(text), events, isLastLeftOut, id };
    }
    id = entry.id;
    const stream = members.find(entry.stream);
    if (!stream) continue;
    const before = endIds.has(entry.stream) ? endIds.get(entry.stream) : endBefore(stream, id);
    const endId = endAfter(before, entry);
    endIds.set(entry.stream, endId);
    if (compareIds(id, floorOf(floorIds, entry.stream) ?? afterId) <= 0) continue;
    if (!isCounted(entry, endId, stream)) continue;
    const event = encodeChecked(deliveredEvent(entry.event!), id);
    const written = form.ofEvent(event, entry.stream);
    isLastLeftOut = written === "";
    if (isLastLeftOut) continue;
    text += written;
    events++;
  }
  return { bytes: encoder.encode(text), events, isLastLeftOut, id: throughId ?? id };
}

const encoder = new TextEncoder();

function nothing(id: string): LogReaderPage {
  return { bytes: encoder.encode(), events: 0, isLastLeftOut: undefined, id };
}

/** Returns the id of a stream's end, if the end comes before an entry. */
function endBefore({ endId }: Stream, id: string): string | undefined {
  return endId !== undefined && compareIds(endId, id) < 0 ? endId : undefined;
}
