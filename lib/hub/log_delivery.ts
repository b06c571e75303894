/**
 * What a log tells its hub: entries, which come into the hub's order; losses; and a beginning anew.
 *
 * @module
 */

import type { Audiences } from "./audiences.ts";
import type { Counters } from "./counters.ts";
import { endAfter, isCounted } from "../log/entry_rule.ts";
import type { LogEnd, LogEntry, LogReceiver } from "../log/event_log.ts";
import type { LogProgress } from "./log_progress.ts";
import { guard, type Report } from "../wire/report.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Streams } from "./streams.ts";

/** What a {@linkcode LogDelivery} delivers to. */
export interface LogDeliveryOptions {
  readonly streams: Streams;
  readonly sequencer: Sequencer;
  readonly progress: LogProgress;
  readonly audiences: Audiences;
  readonly counters: Counters;
  readonly now: () => number;
  readonly report: Report;
}

/** Takes into a hub what its log delivers. */
export class LogDelivery {
  readonly #options: LogDeliveryOptions;

  /** Begins with nothing delivered. */
  constructor(options: LogDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Makes what a log is opened with.
   *
   * @param onDeliver Called after each delivery.
   * @param onChange Called when the log goes away, and when it is back.
   */
  receiver(onDeliver: () => void, onChange: LogReceiver["changed"]): LogReceiver {
    const { streams, progress, report } = this.#options;
    return {
      limits: streams.limits,
      deliver: (entries) =>
        guard(report, () => {
          this.#deliver(entries);
          onDeliver();
        }),
      lost: (throughId, streams) => guard(report, () => this.#lose(throughId, streams)),
      ended: (ends, streams) =>
        guard(report, () => {
          this.#settleEnds(ends, streams);
          onDeliver();
        }),
      reset: () => guard(report, () => this.#reset()),
      changed: (isUp, reason) => {
        if (!isUp) progress.giveUp(reason);
        guard(report, () => onChange(isUp, reason));
      },
      trimFailed: report,
    };
  }

  #deliver(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      try {
        this.#take(entry);
      } catch (error) {
        // An entry that no hub can have appended is passed over; those after it are not.
        this.#options.report(error);
      }
    }
  }

  /** Takes an entry into the hub's order, if the entry counts. */
  #take(entry: LogEntry): void {
    const { streams, sequencer, progress, now } = this.#options;
    const { id, event, ageMs, leftOut } = entry;
    try {
      for (const events of leftOut ?? []) {
        const { stream: name } = events;
        sequencer.leaveOut(streams.get(name) ?? streams.create(name, now()), events);
      }
      const stream = streams.get(entry.stream) ?? streams.create(entry.stream, now());
      const endId = endAfter(stream.endId, entry);
      if (!event) return sequencer.end(stream, endId!, ageMs);
      stream.endId = endId;
      if (!isCounted(entry, endId, stream)) return;
      sequencer.append(stream, event, id, ageMs);
      // An empty id is no key: it would only have cleared the client's.
      if (event.id) stream.setKey(event.id, sequencer.head);
    } finally {
      progress.reach(id);
    }
  }

  /**
   * Records that the log has lost what came up to an id: there the streams that have lost events get a
   * gap, or all streams if it is not known which have.
   */
  #lose(throughId: string, names?: readonly string[]): void {
    const { streams, sequencer, progress } = this.#options;
    progress.lose(throughId);
    if (names?.length === 0) return;
    const lasting = streams.lasting();
    sequencer.skip(names ? lasting.filter(({ name }) => names.includes(name)) : lasting, throughId);
    progress.reach(throughId);
    streams.forget(sequencer.head, throughId);
  }

  /**
   * Records which streams have ended by entries that the log does not deliver. A stream that has ended
   * here and is not among them goes on.
   *
   * @param names The streams that are told of; left out, all.
   */
  #settleEnds(ends: readonly LogEnd[], names?: readonly string[]): void {
    const { streams, sequencer, now } = this.#options;
    const held = new Set(ends.map(({ stream }) => stream));
    for (const stream of streams.lasting()) {
      if (!held.has(stream.name) && (names?.includes(stream.name) ?? true)) stream.beginAnew();
    }
    for (const { stream: name, id, ageMs } of ends) {
      const stream = streams.create(name, now());
      sequencer.end(stream, stream.endId ?? id, ageMs);
    }
  }

  /** Begins anew with a log that has lost all it had: what the hub kept of its events is dropped. */
  #reset(): void {
    const { streams, sequencer, progress, audiences, counters } = this.#options;
    const lasting = streams.lasting();
    progress.reset();
    sequencer.reset(lasting, progress.headId);
    for (const stream of lasting) stream.endId = undefined;
    streams.forget(sequencer.head, progress.headId);
    for (const audience of audiences) counters.resets += audience.reset(sequencer.head);
  }
}
