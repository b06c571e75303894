/**
 * Logs that are trimmed while a schedule runs.
 *
 * @module
 */

import { Ends } from "../../lib/log/shared/ends.ts";
import {
  byteLength,
  decodeEntry,
  EntryIds,
  entryNumber,
  entryTimeMs,
} from "../../lib/log/entries.ts";
import type { EventLog } from "../../lib/log/event_log.ts";
import { Retention, type RetentionOptions } from "../../lib/log/retention.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { mulberry32 } from "../random.ts";
import type { ScheduleLog } from "../property.ts";
import { ListStore, SharedList } from "./list_store.ts";

/** The bounds of a log for the schedule of a seed: entries, bytes, age, or none. */
export function randomRetention(seed: number): RetentionOptions {
  const random = mulberry32(seed ^ 0x5eed);
  const kind = Math.floor(random() * 4);
  if (kind === 0) return { maxEntries: 1 + Math.floor(random() * 20) };
  if (kind === 1) return { maxBytes: 100 + Math.floor(random() * 1_500) };
  if (kind === 2) return { maxAgeMs: 1 + Math.floor(random() * 2_000) };
  return {};
}

/** Waits until a log has had its trim of every second; only a schedule's first calls wait. */
export function pastTick(times = 2): () => Promise<void> {
  let left = times;
  return async () => {
    if (left-- > 0) await new Promise((resolve) => setTimeout(resolve, 1_010));
  };
}

/** A log on a list store that another instance trims, in the schedule's own time. */
export class TrimmedList implements ScheduleLog {
  readonly #list = new SharedList();
  readonly #retention: Retention;
  readonly #ends = new Ends(IDS, 3_600_000);
  readonly #pageLength: number;
  #store = new ListStore(this.#list);
  #noted = "";

  /** Begins without entries. `pageLength` is in characters. */
  constructor(retention: RetentionOptions, pageLength: number) {
    this.#retention = new Retention(retention);
    this.#pageLength = pageLength;
  }

  /** Opens the log again, after the previous log was closed. */
  open(): EventLog {
    this.#store = new ListStore(this.#list);
    return new SharedLog(this.#store, {}, this.#pageLength);
  }

  /** Trims the list as another instance would at this time. */
  async trim(nowMs: number): Promise<void> {
    for (const entry of this.#list.entries.filter(({ place }) => place > this.#noted)) {
      const decoded = decodeEntry(entry, IDS, 0);
      const id = decoded.at(-1)!.id;
      this.#ends.take(decoded, entryTimeMs(entry));
      this.#retention.add(id, byteLength(entry.text), nowMs, entryNumber(entry));
      this.#noted = entry.place;
    }
    const due = this.#retention.due(nowMs);
    if (due.length === 0) return;
    const throughId = due.at(-1)!.id;
    const ends = this.#ends.due(throughId, Date.now());
    await this.#store.trim(
      due.map(({ id, number }) => ({ place: IDS.placeOf(id), number })),
      IDS.withoutEpoch(throughId),
      ends,
    );
    this.#ends.drop(throughId, ends, Date.now());
    this.#retention.drop(due.length);
  }
}

const IDS = new EntryIds("e", 3);
