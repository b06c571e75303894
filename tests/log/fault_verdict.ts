/**
 * Judges what clients received while a store lost entries: whether each event came once, or a `gap` or
 * `reset` in its place, and whether each `gap` was needed.
 *
 * @module
 */

import { decodeEntry, EntryIds, type StoredEntry } from "../../lib/log/entries.ts";
import { PLACE_LENGTH } from "../../lib/log/redis/entries.ts";
import { decodeLoss } from "../../lib/log/shared/losses.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import type { Shown } from "./resuming_client.ts";

/** What happened. */
export interface Evidence {
  /** All entries that the store ever had, lost ones included. */
  readonly entries: readonly StoredEntry[];
  /** The entries that the store has at the end. */
  readonly kept: readonly StoredEntry[];
  /** The ids of the acknowledged events, by data. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** What each client received. */
  readonly clients: readonly {
    readonly name: string;
    readonly streams: readonly string[];
    readonly shown: readonly Shown[];
  }[];
}

/** What is wrong, a line each, and the number of gaps. */
export interface Verdict {
  /** Acknowledged or kept events that a client was neither sent nor told of. */
  readonly lost: readonly string[];
  /** Events that came twice, or out of order. */
  readonly doubles: readonly string[];
  /** Gaps of clients that lacked nothing. */
  readonly needless: readonly string[];
  /** The same, where the id with which the client had connected does not say what it had. */
  readonly unknowable: readonly string[];
  readonly gaps: number;
  readonly resets: number;
  /** Acknowledged events that the store has lost. */
  readonly lostByStore: number;
}

/** An event at a place in the store; an event that is published again after a loss has several. */
interface Copy {
  readonly id: string;
  readonly stream: string;
  readonly isKept: boolean;
}

/** Judges. */
export function judge(evidence: Evidence): Verdict {
  const copies = copiesOf(evidence);
  const isUnknowable = uncertainIds(evidence);
  const verdict = {
    lost: [] as string[],
    doubles: [] as string[],
    needless: [] as string[],
    unknowable: [] as string[],
    gaps: 0,
    resets: 0,
    lostByStore:
      [...evidence.acknowledged].filter(([data, id]) =>
        !copies.get(data)?.some((copy) => copy.id === id && copy.isKept)
      ).length,
  };
  for (const client of evidence.clients) {
    const { name, shown } = client;
    verdict.doubles.push(...doublesOf(shown, copies).map((what) => `${name}: ${what}`));
    verdict.lost.push(...lostOf(client, copies, evidence).map((what) => `${name}: ${what}`));
    verdict.resets += shown.filter(({ type }) => type === "reset").length;
    for (const [i, gap] of shown.entries()) {
      if (gap.type !== "gap") continue;
      verdict.gaps++;
      if (isNeeded(shown, i, copies)) continue;
      const hello = shown.slice(0, i).findLast(({ type }) => type === "hello")!;
      const list = isUnknowable(hello.fromId) ? verdict.unknowable : verdict.needless;
      list.push(`${name}: ${gap.data} ${gap.fromId} to ${gap.id}, connected with ${hello.fromId}`);
    }
  }
  return verdict;
}

function copiesOf({ entries, kept }: Evidence): ReadonlyMap<string, readonly Copy[]> {
  const keys = new Set(kept.map(keyOf));
  const copies = new Map<string, Copy[]>();
  const known = new Set<string>();
  for (const entry of [...entries, ...kept]) {
    if (known.has(keyOf(entry))) continue;
    known.add(keyOf(entry));
    for (const { id, stream, event } of decodeEntry(entry, idsOf(entry), Date.now())) {
      const copy = { id, stream, isKept: keys.has(keyOf(entry)) };
      if (event?.data !== undefined) {
        copies.set(event.data, [...copies.get(event.data) ?? [], copy]);
      }
    }
  }
  return copies;
}

function keyOf({ place, text }: StoredEntry): string {
  return `${place} ${text}`;
}

function idsOf({ epoch = "" }: StoredEntry): EntryIds {
  return new EntryIds(epoch, PLACE_LENGTH);
}

/**
 * Returns whether an id belongs to an event that was kept after lost ones and before the record of their
 * loss. One client with this id had the lost events, from a hub that had read them, and another had not.
 */
function uncertainIds({ entries, kept }: Evidence): (id: string) => boolean {
  const losses = [...entries, ...kept].flatMap((entry) => decodeLoss(entry, idsOf(entry)) ?? []);
  return (id) =>
    losses.some(({ afterId, throughId, id: told }) =>
      throughId < id && id < told && id.length === told.length && epochOf(id) === epochOf(afterId)
    );
}

function doublesOf(
  shown: readonly Shown[],
  copies: ReadonlyMap<string, readonly Copy[]>,
): string[] {
  const seen = new Map<string, string>();
  return shown.flatMap(({ type, data, fromId, id }) => {
    const isBack = type !== "reset" && epochOf(id) === epochOf(fromId) &&
      compareIds(id, fromId) < 0;
    if (isBack) return [`${type} ${data} goes back from ${fromId} to ${id}`];
    if (type !== "message") return [];
    const before = seen.get(data);
    seen.set(data, id);
    if (before === undefined) return [];
    // The store has lost the first one together with its key.
    const isRepeated = copies.get(data)?.some((copy) => copy.id === before && !copy.isKept);
    return isRepeated && before !== id ? [] : [`${data} came as ${before} and as ${id}`];
  });
}

function lostOf(
  { streams, shown }: Evidence["clients"][number],
  copies: ReadonlyMap<string, readonly Copy[]>,
  { acknowledged }: Evidence,
): string[] {
  const firstId = shown[0]!.id;
  const lastEpoch = epochOf(shown.at(-1)!.id);
  const had = new Set(shown.filter(({ type }) => type === "message").map(({ data }) => data));
  return [...copies].flatMap(([data, all]) => {
    const acknowledgedId = acknowledged.get(data);
    const due = all.find(({ isKept }) => isKept) ?? all.find(({ id }) => id === acknowledgedId);
    if (!due || had.has(data) || !streams.includes(due.stream)) return [];
    const { id, stream } = due;
    if (epochOf(id) === epochOf(firstId) && compareIds(id, firstId) <= 0) return [];
    const isTold = shown.some((mark) => {
      if (mark.type !== "gap" && mark.type !== "reset") return false;
      if (!namesIn(mark).includes(stream)) return false;
      if (mark.type === "reset") return epochOf(id) !== lastEpoch || compareIds(id, mark.id) <= 0;
      return epochOf(mark.id) === epochOf(id) && compareIds(id, mark.id) <= 0;
    });
    return isTold
      ? []
      : [`${data} of ${stream} as ${id}${due.isKept ? "" : ", lost by the store"}`];
  });
}

/** Whether the client lacked an event that the gap at an index tells of, and no gap before it. */
function isNeeded(
  shown: readonly Shown[],
  index: number,
  copies: ReadonlyMap<string, readonly Copy[]>,
): boolean {
  const [firstId, gap] = [shown[0]!.id, shown[index]!];
  const before = shown.slice(0, index);
  const had = new Set(before.filter(({ type }) => type === "message").map(({ data }) => data));
  const isIn = (mark: Shown, { id, stream }: Copy) =>
    epochOf(id) === epochOf(mark.id) && compareIds(id, mark.id) <= 0 &&
    namesIn(mark).includes(stream);
  const earlier = before.filter(({ type }) => type === "gap" || type === "reset");
  return [...copies].some(([data, all]) =>
    !had.has(data) && all.some((copy) =>
      isIn(gap, copy) && compareIds(copy.id, firstId) > 0 &&
      !earlier.some((mark) => isIn(mark, copy))
    )
  );
}

function namesIn({ data }: Shown): string[] {
  return JSON.parse(data).streams;
}

function epochOf(id: string): string {
  return id.split("-", 1)[0]!;
}
