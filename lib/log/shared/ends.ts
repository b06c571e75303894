/**
 * Which streams have ended: an end holds for longer than a log may keep the entry that says so.
 *
 * @module
 */

import type { EntryIds } from "../entries.ts";
import { endAfter } from "../entry_rule.ts";
import type { LogEnd, LogEntry } from "../event_log.ts";
import { isStreamName } from "../../wire/stream_name.ts";

/**
 * That a stream has ended, or has begun anew after its end, as a store keeps it once the entry that says
 * so is dropped. Of several records of a stream, the one with the greatest id counts.
 */
export interface EndRecord {
  /** The stream. */
  readonly stream: string;
  /** The id of the end, or of the first event of the new stream; without its epoch. */
  readonly id: string;
  /** When that was appended, in milliseconds since 1970. */
  readonly timeMs: number;
  /** Whether the stream has ended; else it has begun anew. */
  readonly hasEnded: boolean;
}

/** Encodes a record. */
export function encodeEndRecord({ stream, id, timeMs, hasEnded }: EndRecord): string {
  return JSON.stringify([stream, id, timeMs, hasEnded]);
}

/** Decodes records, and skips texts that no hub has written. */
export function decodeEndRecords(texts: readonly unknown[], ids: EntryIds): EndRecord[] {
  return texts.flatMap((text) => {
    try {
      const [stream, id, timeMs, hasEnded] = JSON.parse(String(text));
      const isRecord = isStreamName(stream) && typeof timeMs === "number" &&
        ids.has(ids.withEpoch(`${id}`));
      return isRecord ? [{ stream, id, timeMs, hasEnded: hasEnded === true }] : [];
    } catch {
      return [];
    }
  });
}

/** Which streams have ended in one epoch, by entries that are dropped and by those that are not. */
export class Ends {
  readonly #ids: EntryIds;
  readonly #maxAgeMs: number;
  // By stream, what the store keeps, the oldest first.
  #kept = new Map<string, EndRecord>();
  // What the entries say that were delivered and not dropped, in order.
  #fresh: EndRecord[] = [];
  // By stream, the newest of both.
  #newest = new Map<string, EndRecord>();

  /**
   * Begins with none.
   *
   * @param maxAgeMs How long an end holds.
   */
  constructor(ids: EntryIds, maxAgeMs: number) {
    this.#ids = ids;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Notes the ends and beginnings of streams in entries of one time. */
  take(entries: readonly LogEntry[], timeMs: number): void {
    for (const entry of entries) {
      const { stream, event, isFirst } = entry;
      if (event && !isFirst) continue;
      const newest = this.#newest.get(stream);
      const endId = newest?.hasEnded ? this.#ids.withEpoch(newest.id) : undefined;
      if (endAfter(endId, entry) === endId) continue;
      const record = { stream, id: this.#ids.withoutEpoch(entry.id), timeMs, hasEnded: !event };
      this.#fresh.push(record);
      this.#newest.set(stream, record);
    }
  }

  /**
   * Takes over the records of a store, of those through an id.
   *
   * @param texts What {@linkcode encodeEndRecord} made, in any order.
   */
  adopt(texts: readonly unknown[], throughId: string): void {
    const through = this.#ids.withoutEpoch(throughId);
    const kept = decodeEndRecords(texts, this.#ids)
      .filter(({ id }) => id <= through)
      .sort((a, b) => a.id < b.id ? -1 : 1);
    this.#kept = new Map();
    for (const record of kept) apply(this.#kept, record);
    this.#fresh = this.#fresh.filter(({ id }) => id > through);
    this.#fold();
  }

  /** The ends that hold, of those through an id. */
  through(throughId: string, nowMs: number): LogEnd[] {
    const through = this.#ids.withoutEpoch(throughId);
    return this.#newest.values()
      .filter(({ id, hasEnded }) => hasEnded && id <= through)
      .map(({ stream, id, timeMs }) => {
        return { stream, id: this.#ids.withEpoch(id), ageMs: Math.max(nowMs - timeMs, 0) };
      })
      .filter(({ ageMs }) => ageMs <= this.#maxAgeMs)
      .toArray();
  }

  /** Returns the records that the store must keep when the entries through an id are trimmed. */
  due(throughId: string, nowMs: number): EndRecord[] {
    const through = this.#ids.withoutEpoch(throughId);
    const due = new Map<string, EndRecord>();
    for (const record of this.#fresh) {
      if (record.id > through) break;
      due.set(record.stream, record);
    }
    return due.values()
      .filter(({ timeMs }) => nowMs - timeMs <= this.#maxAgeMs)
      .filter(({ stream, hasEnded }) => hasEnded || this.#kept.has(stream))
      .toArray();
  }

  /** Notes that the store has trimmed the entries through an id and keeps the due records. */
  drop(throughId: string, due: readonly EndRecord[], nowMs: number): void {
    const through = this.#ids.withoutEpoch(throughId);
    for (const record of due) apply(this.#kept, record);
    const left = this.#fresh.findIndex(({ id }) => id > through);
    const gone = this.#fresh.splice(0, left < 0 ? Infinity : left);
    for (const record of this.#kept.values()) {
      if (nowMs - record.timeMs <= this.#maxAgeMs) break;
      this.#kept.delete(record.stream);
      gone.push(record);
    }
    for (const record of gone) {
      const { stream } = record;
      const isNewest = this.#newest.get(stream) === record;
      if (isNewest && this.#kept.get(stream) !== record) this.#newest.delete(stream);
    }
  }

  /** Removes the records after an id: the store has lost them. */
  cut(afterId: string): void {
    const after = this.#ids.withoutEpoch(afterId);
    this.#fresh = this.#fresh.filter(({ id }) => id <= after);
    for (const { id, stream } of this.#kept.values()) if (id > after) this.#kept.delete(stream);
    this.#fold();
  }

  #fold(): void {
    this.#newest = new Map(this.#kept);
    for (const record of this.#fresh) this.#newest.set(record.stream, record);
  }
}

/** Replaces the record of a stream, so that the newest comes last. */
function apply(records: Map<string, EndRecord>, record: EndRecord): void {
  records.delete(record.stream);
  records.set(record.stream, record);
}
