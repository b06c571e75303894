/**
 * The losses of a store. A store that restarts without its newest entries goes on from before them, while
 * clients still have ids of the lost entries. A hub that notices a loss appends a record of it: an entry
 * that all hubs read.
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
   * The streams of the lost events, with the id of each stream's last lost event. `undefined` if not all
   * streams are known.
   */
  readonly streams: ReadonlyMap<string, string> | undefined;
  /** The newest lost entries, all from one run of the store; `undefined` if not known. */
  readonly entries?: LostEntries | undefined;
  /** The streams of the newest of `entries`; `undefined` if not known. */
  readonly newestStreams?: NewestStreams | undefined;
  /** The number of the last entry before the lost ones, if known. The first new entry has the next number. */
  readonly number: number | undefined;
  /**
   * Whether the store got new entries at places before the last lost one, because the clock of its new machine
   * is behind. Then an id does not say which of the entries a client has.
   */
  readonly isMixed: boolean;
}

/** Lost entries: the mark of each by its place. `markOf()` makes marks. */
export type LostEntries = ReadonlyMap<string, number>;

/** The streams of all lost entries after an id. */
export interface NewestStreams {
  readonly afterId: string;
  /** The id of each stream's last lost event. */
  readonly lastIds: ReadonlyMap<string, string>;
}

/** A loss with a record in the store. */
export interface ToldLoss extends Loss {
  /** The id after the record. */
  readonly id: string;
}

/** Encodes the record of a loss as an item of an entry. All hubs that record one loss use one key. */
export function encodeLoss(loss: Loss, ids: EntryIds): Item {
  const { streams, entries, number, isMixed } = loss;
  const [after, through] = [loss.afterId, loss.throughId].map((id) => ids.withoutEpoch(id));
  const names = streams && [...streams.keys()];
  const last = streams && [...streams.values()].map((id) => ids.withoutEpoch(id));
  const newest = streams === undefined && loss.newestStreams
    ? {
      after: ids.withoutEpoch(loss.newestStreams.afterId),
      last: [...loss.newestStreams.lastIds].map(([name, id]) => [name, ids.withoutEpoch(id)]),
    }
    : undefined;
  // No stream has an empty name, so hubs that know no losses pass over the entry.
  return {
    text: JSON.stringify([
      "",
      {
        after,
        through,
        streams: names,
        last,
        newest,
        number,
        isMixed,
        entries: entries && [...entries],
      },
    ]),
    key: ` lost ${through}`,
  };
}

/** The item of an entry without events: its number shows hubs that entries before it are missing. */
export const NOTHING: Item = { text: '["",{}]' };

/** Whether an entry is without events on purpose. */
export function hasNothing({ text }: Pick<StoredEntry, "text">): boolean {
  return text.endsWith(`,${NOTHING.text}]`);
}

/** The loss that an entry records; `undefined` if the entry is no record. */
export function decodeLoss({ place, text }: StoredEntry, ids: EntryIds): ToldLoss | undefined {
  const id = ids.after(place);
  if (text === UNBOUNDED) {
    const unknown = { streams: undefined, number: undefined, isMixed: false };
    return { afterId: ids.zero, throughId: id, ...unknown, id };
  }
  // This runs for every entry, and few entries get as far as the pattern.
  if (!text.startsWith('["",', text.indexOf(",") + 1)) return undefined;
  if (!/^\[[0-9.]+,\["",/.test(text)) return undefined;
  try {
    const [, [, fields]] = JSON.parse(text);
    const { after, through, streams, last = [], newest, number, isMixed, entries } = fields;
    const [afterId, throughId] = [after, through].map((part) => ids.withEpoch(`${part}`));
    if (!ids.has(afterId!) || !ids.has(throughId!)) return undefined;
    const lastIds = (names: unknown, last: readonly unknown[]) => {
      if (!Array.isArray(names) || !names.every(isStreamName)) return undefined;
      return new Map(names.map((name, index) => {
        const id = ids.withEpoch(`${last[index]}`);
        return [name, ids.has(id) ? id : throughId!];
      }));
    };
    const pairs: [unknown, unknown][] = newest?.last ?? [];
    const newestIds = lastIds(pairs.map(([name]) => name), pairs.map(([, id]) => id));
    const newestAfter = ids.withEpoch(`${newest?.after}`);
    return {
      afterId: afterId!,
      throughId: throughId!,
      streams: lastIds(streams, last),
      newestStreams: newestIds && ids.has(newestAfter)
        ? { afterId: newestAfter, lastIds: newestIds }
        : undefined,
      entries: Array.isArray(entries) ? new Map(entries) : undefined,
      number: typeof number === "number" ? number : undefined,
      isMixed: isMixed === true,
      id,
    };
  } catch {
    // No hub has written this text.
    return undefined;
  }
}

/** The text that hubs without numbers write at their own place: all entries before it may be lost. */
const UNBOUNDED = "lost";

/** The recorded losses, and the lost entries that this hub had delivered. */
export class Losses {
  #told: ToldLoss[] = [];
  // The entries that this hub has delivered and the store has lost, by their ids without the index.
  #lived: string[] = [];

  /** Remembers entries that this hub has delivered and the store has lost, by an id of each. */
  live(ids: readonly string[]): void {
    this.#lived.push(...ids.slice(-MAX_LIVED).map(withoutIndex));
    this.#lived.splice(0, this.#lived.length - MAX_LIVED);
  }

  /** Remembers a recorded loss. */
  tell(loss: ToldLoss): void {
    this.#told.push(loss);
  }

  /** Returns these losses together with those that entries record, which this hub may have yet to read. */
  including(stored: readonly StoredEntry[], ids: EntryIds): Losses {
    const read = stored.flatMap((entry) => decodeLoss(entry, ids) ?? [])
      .filter(({ id }) => !this.#told.some((loss) => loss.id === id));
    if (read.length === 0) return this;
    const all = new Losses();
    all.#told = [...this.#told, ...read];
    all.#lived = this.#lived;
    return all;
  }

  /** Forgets the losses whose entries were trimmed, through an id. */
  drop(throughId: string): void {
    this.#told = this.#told.filter(({ id }) => id > throughId);
  }

  /** Whether this hub had delivered all entries of a loss. */
  wasDelivered({ throughId }: Loss): boolean {
    return this.#lived.includes(withoutIndex(throughId));
  }

  /**
   * Returns the streams of a loss of which a client lacks an event; `undefined` if it may be any stream.
   *
   * @param atId The client's id. The client knows of the losses that were reported through this id.
   */
  lacking(loss: Loss, atId: string): readonly string[] | undefined {
    const { streams, throughId, isMixed } = loss;
    if (isMixed) return undefined;
    // The client's last event is a lost one, and the client had the lost events before that one.
    const place = placeIn(atId);
    if (this.#told.some((other) => other.entries?.has(place) && isPartOf(loss, other))) {
      if (atId >= throughId) return [];
      const known = streamsFrom(loss, atId);
      return known && namesAfter(known, atId);
    }
    if (!streams) return undefined;
    const told = this.#told.filter((loss) =>
      loss.id <= atId && !loss.isMixed && loss.throughId <= throughId
    );
    const hadId = told.reduce(
      (greatest, loss) => greatest > loss.throughId ? greatest : loss.throughId,
      atId <= throughId ? atId : "",
    );
    return namesAfter(streams, hadId);
  }

  /** Returns the same for this hub, which had delivered some of the lost entries. */
  undelivered(loss: ToldLoss): readonly string[] | undefined {
    if (loss.isMixed) return undefined;
    if (this.wasDelivered(loss)) return [];
    const through = withoutIndex(loss.throughId);
    const lived = this.#lived.reduce((a, id) => id <= through && id > a ? id : a, "");
    const known = streamsFrom(loss, lived + LAST_INDEX);
    const names = this.lacking(loss, loss.id) ?? (known && [...known.keys()]);
    return names?.filter((name) => withoutIndex(known!.get(name)!) > lived);
  }

  /** Whether an earlier record covers all entries of this loss. */
  isRepeated(loss: ToldLoss): boolean {
    return this.#told.some((other) => {
      if (other.id >= loss.id || other.afterId > loss.afterId) return false;
      return other.throughId === loss.throughId || isPartOf(loss, other);
    });
  }

  /**
   * The loss that an id belongs to, if the entry of that id is not in the store. If several losses have the
   * id, the one that began first: the store goes on from there.
   */
  of(id: string): ToldLoss | undefined {
    return this.#told.filter(({ afterId, throughId }) => afterId < id && id <= throughId)
      .reduce<ToldLoss | undefined>((a, b) => a && isLonger(a, b) ? a : b, undefined);
  }

  /**
   * Whether nobody can know if a client whose last event has this id had the lost events: that event was
   * appended after the lost ones, and before the record of the loss.
   *
   * @param untold Losses whose records this hub has not read.
   */
  isUncertain(id: string, untold: readonly Loss[]): boolean {
    const wasLived = this.#lived.includes(withoutIndex(id));
    // An entry behind the lost ones was delivered to some clients with them and to others without them, even
    // if that entry is lost too.
    const isCertain = ({ throughId }: Loss) => wasLived && id <= throughId;
    if (untold.some((loss) => loss.afterId < id && !isCertain(loss))) return true;
    return this.#told.some((loss) => loss.afterId < id && id < loss.id && !isCertain(loss));
  }
}

/** Whether a client whose last event has this id had all events of a loss. */
export function hasAllOf({ throughId, isMixed }: Loss, id: string): boolean {
  return !isMixed && id >= throughId && withoutIndex(id) === withoutIndex(throughId);
}

/** The most lost entries that are remembered one by one. */
const MAX_LIVED = 10_000;

/**
 * Whether one loss includes all entries of another. An entry always had the same entries before it, so
 * it is enough that the last one is the same.
 */
function isPartOf(loss: Loss, other: Loss): boolean {
  if (!loss.entries?.size || !other.entries || loss.isMixed || other.isMixed) return false;
  if (other.afterId > loss.afterId) return false;
  const [oldest = ""] = other.entries.keys();
  const [place, mark] = [...loss.entries].at(-1)!;
  if (other.entries.get(place) !== mark) return false;
  return [...loss.entries].every(([place, mark]) =>
    place < oldest || other.entries!.get(place) === mark
  );
}

/** Whether a loss begins before another, or at the same id and ends after it. */
function isLonger(loss: Loss, other: Loss): boolean {
  if (loss.afterId !== other.afterId) return loss.afterId < other.afterId;
  return loss.throughId > other.throughId;
}

/** The streams of the lost entries after an id; `undefined` if not known. */
function streamsFrom(
  { streams, entries, newestStreams }: Loss,
  id: string,
): ReadonlyMap<string, string> | undefined {
  if (streams || !newestStreams) return streams;
  return entries?.has(placeIn(id)) && newestStreams.afterId <= id
    ? newestStreams.lastIds
    : undefined;
}

const LAST_INDEX = "z".repeat(INDEX_LENGTH);

function placeIn(id: string): string {
  return id.slice(id.indexOf("-") + 1, -INDEX_LENGTH);
}

function namesAfter(streams: ReadonlyMap<string, string>, id: string): string[] {
  return [...streams].flatMap(([name, lastId]) => lastId > id ? [name] : []);
}

function withoutIndex(id: string): string {
  return id.slice(0, -INDEX_LENGTH);
}
