/**
 * What a hub keeps of one epoch of its log. Nothing of it outlives the epoch.
 *
 * @module
 */

import { EntryIds } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";
import type { LogReceiver } from "../event_log.ts";
import { MAX_AGE_MS, Retention, type RetentionOptions } from "../retention.ts";
import { Delivery } from "./delivery.ts";
import { Ends } from "./ends.ts";
import { LogLag } from "./lag.ts";
import { PageIndex } from "./page_index.ts";
import { PageReader } from "./page_reader.ts";
import { readTrimmed } from "./trim_mark.ts";

/** The parts of a log that belong to one epoch. */
export interface LogEpoch {
  readonly ids: EntryIds;
  /** The id before the oldest entry, as of the beginning. */
  readonly startId: string;
  readonly retention: Retention;
  readonly index: PageIndex;
  readonly delivery: Delivery;
  readonly ends: Ends;
  readonly pages: PageReader;
  readonly lag: LogLag;
}

/** What an epoch is begun with. */
export interface LogEpochOptions {
  readonly store: EntryStore;
  readonly receiver: LogReceiver;
  readonly retention: RetentionOptions;
  /** The most characters of a page that is read for clients that resume. */
  readonly pageLength: number;
  readonly isUp: () => boolean;
  /** Calls the store, and again where it is unreachable and the log is being opened. */
  readonly untilReached: <T>(ask: () => Promise<T>) => Promise<T>;
}

/** Begins with an epoch, at the oldest entry of the store. */
export async function beginEpoch(epoch: string, options: LogEpochOptions): Promise<LogEpoch> {
  const { store, receiver, pageLength, isUp, untilReached } = options;
  const ids = new EntryIds(epoch, store.placeLength);
  const start = await untilReached(() => readTrimmed(store, ids));
  const retention = new Retention(options.retention);
  const index = new PageIndex(pageLength);
  const ends = new Ends(ids, options.retention.maxAgeMs ?? MAX_AGE_MS);
  const nowMs = () => store.nowMs;
  const delivery = new Delivery({ ids, start, receiver, retention, index, ends, nowMs });
  if (start.id !== ids.zero) {
    await untilReached(async () => ends.adopt(await store.ends(), start.id));
  }
  const pages = new PageReader({ store, ids, index, losses: delivery.losses, isUp });
  const lag = new LogLag({ store, ids, delivery });
  return { ids, startId: start.id, retention, index, delivery, ends, pages, lag };
}
