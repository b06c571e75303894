/**
 * Receives what a log reports to its hub: entries, lost entries, ends of streams, and a new beginning.
 *
 * @module
 */

import type { Audiences } from "./audiences.ts";
import type { Counters } from "./counters.ts";
import { deliveredEvent, endAfter, isCounted } from "../log/entry_rule.ts";
import type { LogEnd, LogEntry, LogReceiver, LossDetails } from "../log/event_log.ts";
import type { LogProgress } from "./log_progress.ts";
import { guard, type Report } from "../wire/report.ts";
import type { Sequencer } from "./sequencer.ts";
import type { Streams } from "./streams.ts";

/** The parts of a hub that a {@linkcode LogDelivery} uses. */
export interface LogDeliveryOptions {
  readonly streams: Streams;
  readonly sequencer: Sequencer;
  readonly progress: LogProgress;
  readonly audiences: Audiences;
  readonly counters: Counters;
  readonly now: () => number;
  readonly report: Report;
}

/** Brings the entries of a log into the hub's order. */
export class LogDelivery {
  readonly #options: LogDeliveryOptions;

  /** Begins before the first entry. */
  constructor(options: LogDeliveryOptions) {
    this.#options = options;
  }

  /**
   * Makes the receiver with which the hub opens its log.
   *
   * @param onDeliver Called after each delivery.
   * @param onChange Called when the log becomes unreachable, and when it is reachable again.
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
      lost: (throughId, streams, details) =>
        guard(report, () => this.#lose(throughId, streams, details)),
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
        // Only an entry that no hub has appended can throw. It is skipped; later entries are not.
        this.#options.report(error);
      }
    }
  }

  /** Brings an entry into the hub's order, if the entry counts. */
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
      sequencer.append(stream, deliveredEvent(event), id, ageMs);
      // An empty id is not a key: it only clears the client's id.
      if (event.id) stream.setKey(event.id, sequencer.head);
    } finally {
      progress.reach(id);
    }
  }

  /**
   * Records that the log has lost entries through an id. Subscribers get a gap there.
   *
   * @param names The streams of the lost entries; left out, they may be of any stream.
   * @param details See `LogReceiver.lost`.
   */
  #lose(throughId: string, names?: readonly string[], details?: LossDetails): void {
    const { streams, sequencer, progress } = this.#options;
    progress.lose(throughId);
    if (names?.length === 0) return;
    const skipped = names ? streams.lastingOf(names) : streams.lasting();
    sequencer.skip(skipped, throughId, details);
    progress.reach(throughId);
    streams.forget(sequencer.head, throughId);
  }

  /**
   * Records the ends of streams whose entries the log does not deliver. A stream that has ended in this
   * hub and is not among `ends` begins anew.
   *
   * @param names The streams that `ends` is about; left out, all streams.
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

  /** Begins anew, because the log has lost everything: all kept events of the old log are dropped. */
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
