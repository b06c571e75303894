/**
 * What a store has lost at its end, as its own entries tell: a store that comes back without its newest
 * entries goes on where it was before them, and ids of the lost ones are still in use.
 *
 * @module
 */

import { isStreamName } from "../../wire/stream_name.ts";
import { type EntryIds, INDEX_LENGTH, type Item, type StoredEntry } from "../entries.ts";

/** A run of entries that a store has lost. */
export interface Loss {
  /** The id of the last event before the lost ones. */
  readonly afterId: string;
  /** The id of the last event lost. */
  readonly throughId: string;
  /**
   * The streams that the lost events were of, with the id of the last one of each; `undefined` if not all
   * are known.
   */
  readonly streams: ReadonlyMap<string, string> | undefined;
  /** The number of the entry before the lost ones, which the first new entry goes on from; if known. */
  readonly number: number | undefined;
  /**
   * Whether the store had got new entries before the last of the lost ones: by the clock of the machine
   * that it went on with it was earlier. Then ids say nothing of who has what.
   */
  readonly isMixed: boolean;
}

/** A loss that an entry tells of. */
export interface ToldLoss extends Loss {
  /** The id after the entry that tells of it. */
  readonly id: string;
}

/** Encodes a loss as an item of an entry. All hubs that tell of one loss give it one key. */
export function encodeLoss(loss: Loss, ids: EntryIds): Item {
  const { streams, number, isMixed } = loss;
  const [after, through] = [loss.afterId, loss.throughId].map((id) => ids.withoutEpoch(id));
  const names = streams && [...streams.keys()];
  const last = streams && [...streams.values()].map((id) => ids.withoutEpoch(id));
  // No stream has an empty name, so hubs that know no losses pass over the entry.
  return {
    text: JSON.stringify(["", { after, through, streams: names, last, number, isMixed }]),
    key: ` lost ${through}`,
  };
}

/** The loss that an entry tells of; `undefined` if it tells of none. */
export function decodeLoss({ place, text }: StoredEntry, ids: EntryIds): ToldLoss | undefined {
  const id = ids.after(place);
  if (text === UNBOUNDED) {
    const unknown = { streams: undefined, number: undefined, isMixed: false };
    return { afterId: ids.zero, throughId: id, ...unknown, id };
  }
  if (!/^\[[0-9.]+,\["",/.test(text)) return undefined;
  try {
    const [, [, { after, through, streams, last = [], number, isMixed }]] = JSON.parse(text);
    const [afterId, throughId] = [after, through].map((part) => ids.withEpoch(`${part}`));
    if (!ids.has(afterId!) || !ids.has(throughId!)) return undefined;
    const isList = Array.isArray(streams) && streams.every(isStreamName);
    const lastId = (index: number) => {
      const id = ids.withEpoch(`${last[index]}`);
      return ids.has(id) ? id : throughId!;
    };
    return {
      afterId: afterId!,
      throughId: throughId!,
      streams: isList ? new Map(streams.map((name, i) => [name, lastId(i)])) : undefined,
      number: typeof number === "number" ? number : undefined,
      isMixed: isMixed === true,
      id,
    };
  } catch {
    // No hub has written it.
    return undefined;
  }
}

/** A loss and another one that came after it, before an entry told of the first, as one. */
export function both(first: Loss, second: Loss): Loss {
  const [a, b] = [first.streams, second.streams];
  return {
    ...second,
    throughId: first.throughId > second.throughId ? first.throughId : second.throughId,
    streams: a && b && new Map([...a, ...b].sort(([, a], [, b]) => a < b ? -1 : 1)),
    isMixed: first.isMixed || second.isMixed,
  };
}

/** What hubs without numbers write at the place where they were: all up to there may be lost. */
const UNBOUNDED = "lost";

/** The losses that a log has been told of, and those that it has lived through. */
export class Losses {
  #told: ToldLoss[] = [];
  // The entries that this hub has delivered and the store has lost, by their ids without the index.
  #lived: string[] = [];

  /** Takes note of entries that were delivered here and are lost now, by an id of each. */
  live(ids: readonly string[]): void {
    this.#lived.push(...ids.slice(-MAX_LIVED).map(withoutIndex));
    this.#lived.splice(0, this.#lived.length - MAX_LIVED);
  }

  /** Takes note of a loss. */
  tell(loss: ToldLoss): void {
    this.#told.push(loss);
  }

  /** Forgets the losses whose entries have been dropped, through an id. */
  drop(throughId: string): void {
    this.#told = this.#told.filter(({ id }) => id > throughId);
  }

  /** Whether all that a loss tells of was delivered here before it was lost. */
  wasDelivered({ throughId }: Loss): boolean {
    return this.#lived.includes(withoutIndex(throughId));
  }

  /**
   * The streams of a loss of which somebody lacks an event; `undefined` if it may be any.
   *
   * @param atId How far this one has come. The losses that are told of up to there, it was told of.
   */
  lacking({ streams, throughId, isMixed }: Loss, atId: string): readonly string[] | undefined {
    if (!streams || isMixed) return undefined;
    const told = this.#told.filter((loss) =>
      loss.id <= atId && !loss.isMixed && loss.throughId <= throughId
    );
    const hadId = told.reduce(
      (greatest, loss) => greatest > loss.throughId ? greatest : loss.throughId,
      atId <= throughId ? atId : "",
    );
    return namesAfter(streams, hadId);
  }

  /** The same for a hub, by what it had delivered before that was lost. */
  undelivered(loss: ToldLoss): readonly string[] | undefined {
    if (loss.isMixed) return undefined;
    if (this.wasDelivered(loss)) return [];
    const names = this.lacking(loss, loss.id);
    const through = withoutIndex(loss.throughId);
    const lived = this.#lived.reduce((a, id) => id <= through && id > a ? id : a, "");
    return names?.filter((name) => withoutIndex(loss.streams!.get(name)!) > lived);
  }

  /** Whether a loss that stands before one of two tells all that this one does. */
  isRepeated(loss: ToldLoss): boolean {
    return this.#told.some(({ id, afterId, throughId }) =>
      id < loss.id && throughId === loss.throughId && afterId <= loss.afterId
    );
  }

  /** The loss that an id belongs to, if the entry of that id is not in the store. */
  of(id: string): ToldLoss | undefined {
    return this.#told.find(({ afterId, throughId }) => afterId < id && id <= throughId);
  }

  /**
   * Whether a client whose last event has this id may or may not have had events that are lost: the
   * event was published after them, and before the entry that tells of the loss.
   *
   * @param untold A loss of which the entry is yet to come.
   */
  isUncertain(id: string, untold?: Loss): boolean {
    const wasLived = this.#lived.includes(withoutIndex(id));
    // What stands behind the lost ones was delivered with or without them, also where it is lost itself.
    const isCertain = ({ throughId }: Loss) => wasLived && id <= throughId;
    if (untold && untold.afterId < id && !isCertain(untold)) return true;
    return this.#told.some((loss) => loss.afterId < id && id < loss.id && !isCertain(loss));
  }
}

/** Whether a client whose last event has this id had all that a loss tells of. */
export function hasAllOf({ throughId, isMixed }: Loss, id: string): boolean {
  return !isMixed && id >= throughId && withoutIndex(id) === withoutIndex(throughId);
}

/** As many lost entries as are remembered one by one. */
const MAX_LIVED = 10_000;

function namesAfter(streams: ReadonlyMap<string, string>, id: string): string[] {
  return [...streams].flatMap(([name, lastId]) => lastId > id ? [name] : []);
}

function withoutIndex(id: string): string {
  return id.slice(0, -INDEX_LENGTH);
}
