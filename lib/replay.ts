/**
 * What a log has beyond the histories of a hub, as a subscriber gets it: page by page, encoded.
 *
 * @module
 */

import { encodeChecked } from "./event.ts";
import { compareIds, type EventLog, type LogEntry, type LogPage } from "./log/log.ts";
import type { EventResponse } from "./response.ts";
import { encodeGap } from "./resume.ts";
import type { Stream } from "./stream.ts";
import type { Turns } from "./turns.ts";

/** The next of what a subscriber missed. */
export interface ReplayPage {
  /** Whole events; none of them may be for it. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly events: number;
  /** How many of these are gaps. */
  readonly gaps: number;
  /** The id through which it has been served with them. */
  readonly id: string;
}

/** Reads a log for subscribers. */
export class Replay {
  readonly #log: EventLog;
  readonly #turns: Turns;
  readonly #paused = new Set<() => void>();
  readonly #signals = new WeakMap<EventResponse, AbortSignal>();

  /** Reads a log that has `read()`. */
  constructor(log: EventLog, turns: Turns) {
    this.#log = log;
    this.#turns = turns;
  }

  /**
   * The next of what comes after an id in some streams, for a response that may end meanwhile. Waits
   * where that is yet to come, and while the log is away. Where too many wait for the log, the response
   * ends, and its client is asked to come back later.
   */
  async next(
    streams: readonly Stream[],
    afterId: string,
    response: EventResponse,
  ): Promise<ReplayPage> {
    const { headId } = this.#turns;
    try {
      const names = streams.map(({ name }) => name);
      const signal = this.#signalOf(response);
      const page = await this.#log.read!(afterId, { streams: names, signal });
      const { entries, goneThrough, throughId } = page;
      if (entries.length > 0 || goneThrough || throughId) {
        return this.#encode(page, streams, afterId);
      }
      // It was further when it was asked: it has lost what it had.
      const isLost = compareIds(afterId, headId) < 0;
      if (isLost) return this.#encode({ entries: [], goneThrough: headId }, streams, afterId);
      await new Promise<void>((resolve) => {
        response.onEnd(this.#turns.whenReached(afterId, resolve));
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "QuotaExceededError") response.sendAway();
      // Who operates it is told by the log itself; the subscriber has its heartbeat meanwhile.
      else if (!response.isEnded) await new Promise<void>((resolve) => this.#paused.add(resolve));
    }
    return nothing(afterId);
  }

  /** Goes on with those that wait because the log was away; called every so often. */
  retry(): void {
    for (const resume of this.#paused) resume();
    this.#paused.clear();
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

  #encode(
    { entries, goneThrough, throughId }: LogPage,
    streams: readonly Stream[],
    afterId: string,
  ): ReplayPage {
    const byName = new Map(streams.map((stream) => [stream.name, stream]));
    let id = goneThrough ?? afterId;
    let text = "";
    let events = 0;
    let gaps = 0;
    if (goneThrough !== undefined) {
      const isAhead = compareIds(afterId, this.#turns.headId) > 0;
      const lost = streams.filter((stream) => isAhead || stream.lacksAfter(afterId));
      // What the log has dropped by now, the histories may have by now.
      if (lost.length === 0) return nothing(afterId);
      text += encodeGap(lost.map(({ name }) => name), goneThrough);
      gaps++;
    }
    const ended = new Set<string>();
    let isCut = false;
    for (const entry of entries) {
      isCut = text.length > MAX_LENGTH;
      if (isCut) break;
      const stream = byName.get(entry.stream);
      if (entry.isFirst) ended.delete(entry.stream);
      if (!entry.event) ended.add(entry.stream);
      else if (stream && !ended.has(entry.stream) && wasDelivered(entry, stream)) {
        text += encodeChecked(entry.event, entry.id).text;
        events++;
      }
      id = entry.id;
    }
    if (!isCut && throughId !== undefined) id = throughId;
    return { bytes: encoder.encode(text), events: events + gaps, gaps, id };
  }
}

const encoder = new TextEncoder();
const MAX_LENGTH = 65_536;

function nothing(id: string): ReplayPage {
  return { bytes: encoder.encode(), events: 0, gaps: 0, id };
}

/** Whether an entry was for the stream's subscribers: not after its end, and not published before. */
function wasDelivered({ id, event }: LogEntry, stream: Stream): boolean {
  if (stream.endId !== undefined && compareIds(stream.endId, id) < 0) return false;
  const first = stream.idOfKey(event?.id);
  return first === undefined || compareIds(first, id) >= 0;
}
