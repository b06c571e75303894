/**
 * Finds the entries that a hub has delivered and its store has lost at the end.
 *
 * @module
 */

import type { Delivered, Delivery } from "./delivery.ts";
import { entryNumber, placeAfter, type StoredEntry } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";
import type { LogEpoch } from "./log_epoch.ts";
import type { Loss } from "./losses.ts";
import { readTrimmed } from "./trim_mark.ts";

/** The end of a store, compared with what was delivered. */
export interface LostEnd {
  readonly loss: Loss;
  /** The newest entry that the hub and the store share; left out if they share none. */
  readonly common?: Delivered | undefined;
  /** Whether the entries around the lost ones were trimmed since: any delivered entry may be lost. */
  readonly isTrimmed?: boolean;
}

/**
 * Looks in the store for the newest delivered entry. If the store has lost it, looks for the newest
 * delivered entry that the store still has.
 *
 * @param hasLostEpoch Whether the store had lost its epoch, which says that it has lost entries.
 * @returns `undefined` if nothing is lost at the end.
 */
export async function findLostEnd(
  store: EntryStore,
  { ids, delivery, retention }: LogEpoch,
  hasLostEpoch: boolean,
): Promise<LostEnd | undefined> {
  const { last } = delivery;
  if (!last || (await entryAt(store, last.place))?.text === last.text) return undefined;
  const { id: gone, number: goneNumber } = await readTrimmed(store, ids);
  if (gone >= last.id) {
    if (gone > last.id) delivery.expectHole();
    // Numbers that went back: the entries of this hub were lost, and only later ones were trimmed.
    const isLost = goneNumber !== undefined && last.number !== undefined &&
      goneNumber > 0 && goneNumber < last.number;
    if (!isLost) return undefined;
    const known = knownAfter(delivery, ids.zero);
    const loss = {
      afterId: ids.zero,
      throughId: last.id,
      ...known,
      number: undefined,
      isMixed: false,
    };
    return { loss, isTrimmed: true };
  }
  const kept = retention.ids.filter((id) => id > gone && id !== last.id);
  let low = 0;
  let stored: StoredEntry | undefined;
  for (let high = kept.length; low < high;) {
    const middle = (low + high) >>> 1;
    const found = await entryAt(store, ids.placeOf(kept[middle]!));
    if (found && delivery.newest.isDelivered(found, kept[middle]!)) {
      [low, stored] = [middle + 1, found];
    } else high = middle;
  }
  const afterId = kept[low - 1] ?? gone;
  const [next] = await store.read(placeAfter(ids.placeOf(afterId)), 1);
  const number = next && entryNumber(next);
  // If no delivered entry is left, they may have been trimmed without a mark. Then the numbers in the store
  // go on beyond the last delivered one.
  const isBeyond = number === undefined || last.number === undefined || number > last.number;
  if (!stored && next && isBeyond && !hasLostEpoch) {
    // Or a store that has lost everything counts anew, and its first entries were deleted.
    delivery.expectHole(true);
    return undefined;
  }
  const isMixed = next !== undefined && next.place <= last.place;
  return {
    loss: {
      afterId,
      throughId: last.id,
      // Clients that had the lost entries lack the new ones, whose streams are not known.
      ...isMixed ? NOTHING_KNOWN : knownAfter(delivery, afterId),
      number: stored ? entryNumber(stored) : goneNumber,
      isMixed,
    },
    common: stored && {
      id: afterId,
      place: stored.place,
      number: entryNumber(stored),
      text: stored.text,
    },
  };
}

/** What a hub knows of lost entries. */
type KnownLoss = Pick<Loss, "streams" | "entries" | "newestStreams">;

const NOTHING_KNOWN: KnownLoss = {
  streams: undefined,
  entries: undefined,
  newestStreams: undefined,
};

/** What the hub remembers of the entries after an id. */
function knownAfter({ newest }: Delivery, id: string): KnownLoss {
  return {
    streams: newest.streamsAfter(id),
    entries: newest.entriesAfter(id),
    newestStreams: newest.newestStreamsAfter(id),
  };
}

async function entryAt(store: EntryStore, place: string): Promise<StoredEntry | undefined> {
  const [entry] = await store.read(place, 1);
  return entry?.place === place ? entry : undefined;
}
