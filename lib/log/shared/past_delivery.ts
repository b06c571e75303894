/**
 * Delivers what a store has when a hub opens it, or adopts another epoch.
 *
 * @module
 */

import { EntryIds, placeAfter } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";
import type { LogReceiver } from "../event_log.ts";
import type { LogEpoch } from "./log_epoch.ts";
import type { LogState } from "./log_state.ts";
import { PageSize, sized } from "./page_size.ts";
import { Past } from "./past.ts";

/** Where entries are read, and to whom they are delivered. */
export interface PastDeliveryOptions {
  readonly store: EntryStore;
  readonly state: LogState;
  readonly receiver: LogReceiver;
  /** The size of the pages that are delivered from the oldest entry on. */
  readonly size: PageSize;
  /** Calls the store, and again where it is unreachable and the log is being opened. */
  readonly untilReached: <T>(ask: () => Promise<T>) => Promise<T>;
}

/**
 * Reads all entries of the store, each once, from the newest one back. Entries that others trim meanwhile
 * are before all that it has read, as the trim mark says, which is read next.
 *
 * @returns `undefined` where the receiver does not say how much it can keep.
 */
export async function readPast(
  epoch: string,
  { store, state, receiver: { limits }, untilReached }: PastDeliveryOptions,
): Promise<Past | undefined> {
  if (!limits) return undefined;
  const size = new PageSize({ count: 100, minCount: 1, maxCount: 10_000, length: 262_144 });
  const past = new Past(new EntryIds(epoch, store.placeLength), limits, store.nowMs);
  const readBefore = (place?: string) =>
    untilReached(() => sized(size, (count) => store.readBack(place, count)));
  for (let reading = readBefore();;) {
    const page = await reading;
    if (state.isClosed || page.length === 0) return past;
    // The store reads on while the page is looked through.
    reading = readBefore(page.at(-1)!.place);
    past.add(page);
  }
}

/** Delivers what was read, in pieces, for other work of the process to run in between. */
export async function deliverPast(
  past: Past,
  { ids, delivery }: LogEpoch,
  { state, receiver }: PastDeliveryOptions,
): Promise<void> {
  delivery.tellEnds();
  while (past.size > 0 && !state.isClosed) {
    delivery.deliver(past.take(PIECE_ENTRIES));
    await new Promise((resolve) => setTimeout(resolve));
  }
  const { lacking } = past;
  // An entry that could not be decoded after all was not delivered, and nothing has said so.
  const throughId = ids.after(ids.placeOf(delivery.lastId));
  if (lacking.length > 0) receiver.lost(throughId, lacking);
}

/** Delivers all entries of the store, from the oldest one on. */
export async function deliverKept(
  { ids, delivery }: LogEpoch,
  { store, state, size, untilReached }: PastDeliveryOptions,
): Promise<void> {
  delivery.tellEnds();
  for (let place = ids.placeOf(ids.zero);;) {
    const page = await untilReached(() =>
      sized(size, (count) => store.read(placeAfter(place), count))
    );
    if (state.isClosed || page.length === 0) return;
    delivery.take(page);
    place = page.at(-1)!.place;
  }
}

/** How many entries are delivered in one piece. */
const PIECE_ENTRIES = 10_000;
