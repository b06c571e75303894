/**
 * Entries as text: an entry holds the events of one or more publishes, and each event has an id.
 *
 * @module
 */

import { checkEvent, type ServerSentEvent } from "../wire/event.ts";
import { isStreamName } from "../wire/stream_name.ts";
import type { LogEntry } from "./event_log.ts";

/** An entry as a store keeps it. */
export interface StoredEntry {
  /** The entry's place in the store's order: lower-case letters and digits, of one length. */
  readonly place: string;
  /** The text, made by {@linkcode encodeEntry}. */
  readonly text: string;
  /** The epoch in which the entry was written, if the store keeps it with each entry. */
  readonly epoch?: string | undefined;
}

/** An item of an entry: an event of a stream, or the stream's end. */
export interface Item {
  /** The text, made by the log. */
  readonly text: string;
  /** The key: of several items with the same key, the store keeps the first. `undefined` for no key. */
  readonly key?: string | undefined;
}

/**
 * Encodes an event of a stream, or the stream's end, as an item of an entry.
 *
 * @param first Whether the event is the first of its stream; or, if so, the newest id that the publishing
 * hub had seen.
 */
export function encodeItem(
  stream: string,
  event?: ServerSentEvent,
  first: boolean | string = false,
): Item {
  if (event === undefined) return { text: JSON.stringify([stream]) };
  // No other fields: they could contain the text that `entryNames()` looks for.
  const { data, event: type, id, retry, comment } = event;
  const fields = { data, event: type, id, retry, comment };
  const text = JSON.stringify(first === false ? [stream, fields] : [stream, fields, first]);
  // An empty id is no key: it clears the client's last event id.
  return { text, key: id ? `${stream} ${id}` : undefined };
}

/**
 * Encodes an entry.
 *
 * The number is written as the fraction of the time, since hubs of versions without numbers ignore it
 * there.
 *
 * @param timeMs When the entry is appended, in milliseconds since 1970.
 */
export function encodeEntry(timeMs: number, number: number, items: readonly Item[]): string {
  return `[${[`${timeMs}.${number}`, ...items.map(({ text }) => text)].join()}]`;
}

/**
 * Decodes an entry. Returns nothing for an entry that no hub has written: otherwise, anybody who can write
 * to the store could forge fields, or crash every instance with one line.
 */
export function decodeEntry(entry: StoredEntry, ids: EntryIds, nowMs: number): LogEntry[] {
  if (ids.isForeign(entry)) return [];
  const isUnique = entryNumber(entry) !== undefined;
  const ageMs = Math.max(nowMs - entryTimeMs(entry), 0);
  try {
    const [timeMs, ...items]: [unknown, ...DecodedItem[]] = JSON.parse(entry.text);
    if (typeof timeMs !== "number") throw new TypeError("Not an entry");
    return items.map(([stream, event, first], index) => {
      if (event !== undefined) checkEvent(event);
      if (!isStreamName(stream)) throw new TypeError("Not an entry");
      const id = ids.format(entry.place, index + 1);
      const isFirst = first !== undefined;
      const seenId = typeof first === "string" && ids.has(first) ? first : undefined;
      // All entries have one shape: code that reads many of them is then faster.
      return { id, stream, event, isFirst, seenId, ageMs, isUnique, leftOut: undefined };
    });
  } catch {
    // Every instance ignores the entry.
    return [];
  }
}

/**
 * The version of the format of stored entries and of the keys beside them. It grows with each change that
 * earlier versions would misread.
 */
export const FORMAT = 1;

/**
 * Checks the format of a store.
 *
 * @param found The stored format; 0 if the store has none, as the first versions wrote none.
 * @throws {Error} If the format is newer than {@linkcode FORMAT}.
 */
export function checkFormat(found: unknown): void {
  const format = Number(found);
  if (format <= FORMAT) return;
  throw new Error(
    `Cannot use log: a newer version has written it in format ${format}, and this version reads ` +
      `format ${FORMAT}; start the newer version, or begin a new log under another key or path`,
  );
}

/** Returns the next possible place after a place, whether an entry is there or not. */
export function placeAfter(place: string): string {
  const head = place.slice(0, -1);
  const digit = parseInt(place.slice(-1), 36) + 1;
  return digit < 36 ? head + digit.toString(36) : `${placeAfter(head)}0`;
}

/** Returns the size of a text in UTF-8, in bytes. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let rest = text; rest.length > 0;) {
    // Takes a tenth of the time of `encode(text).length`.
    const { read, written } = encoder.encodeInto(rest, scratch);
    bytes += written;
    rest = rest.slice(read);
  }
  return bytes;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(8_192);

type DecodedItem = [stream: string, event?: ServerSentEvent, first?: unknown];

/**
 * Returns the time when an entry was appended, in milliseconds since 1970; 0 for an entry that no hub has
 * written.
 */
export function entryTimeMs({ text }: StoredEntry): number {
  return text.startsWith("[") ? Number(text.slice(1, digitsEnd(text, 1))) : 0;
}

/**
 * Returns an entry's number, which is one more than the number of the entry before it. `undefined` for an
 * entry that an early version without numbers has written, or no hub at all: whether entries next to it
 * are missing is then unknown.
 */
export function entryNumber({ text }: StoredEntry): number | undefined {
  const point = digitsEnd(text, 1);
  if (point === 1 || text[0] !== "[" || text[point] !== ".") return undefined;
  const end = digitsEnd(text, point + 1);
  if (end === point + 1 || text[end] !== "," && text[end] !== "]") return undefined;
  return Number(text.slice(point + 1, end));
}

/** Returns where a run of digits ends. A pattern takes several times as long, of what is read most. */
function digitsEnd(text: string, start: number): number {
  let end = start;
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end++;
  return end;
}

const ZERO = "0".charCodeAt(0);
const NINE = "9".charCodeAt(0);

/** The ids of an epoch: `<epoch>-<place><index>`, where the first item of an entry has index 1. */
export class EntryIds {
  readonly #epoch: string;
  readonly #placeLength: number;
  readonly #format: RegExp;

  /** Takes the epoch and the number of characters in a place. */
  constructor(epoch: string, placeLength: number) {
    this.#epoch = epoch;
    this.#placeLength = placeLength;
    this.#format = new RegExp(`^${epoch}-[0-9a-z]{${placeLength + INDEX_LENGTH}}$`);
  }

  /** The epoch. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Returns the index of an id's item in its entry. */
  indexOf(id: string): number {
    return parseInt(id.slice(-INDEX_LENGTH), 36);
  }

  /** Whether an entry was written in another epoch. */
  isForeign({ epoch }: StoredEntry): boolean {
    return epoch !== undefined && epoch !== this.#epoch;
  }

  /** Returns the id of an item; index 0 is before the first item. */
  format(place: string, index: number): string {
    return this.withEpoch(place + index.toString(36).padStart(INDEX_LENGTH, "0"));
  }

  /** Returns an id after all items that an entry could have. */
  after(place: string): string {
    return this.format(place, MAX_ITEMS);
  }

  /** Returns the id just before an item's id. */
  before(id: string): string {
    return this.format(this.placeOf(id), Math.max(this.indexOf(id) - 1, 0));
  }

  /** The id before all possible ids. */
  get zero(): string {
    return this.format("0".repeat(this.#placeLength), 0);
  }

  /** Whether a text is an id of this epoch. */
  has(id: string): boolean {
    return this.#format.test(id);
  }

  /** Returns an id without its epoch; of two such texts, the later id's is greater. */
  withoutEpoch(id: string): string {
    return id.slice(this.#epoch.length + 1);
  }

  /** Returns the id of a text that {@linkcode EntryIds.withoutEpoch} returned. */
  withEpoch(text: string): string {
    return `${this.#epoch}-${text}`;
  }

  /** Returns the place of an id's entry. */
  placeOf(id: string): string {
    return this.withoutEpoch(id).slice(0, -INDEX_LENGTH);
  }
}

/** The number of characters of an index in an id. */
export const INDEX_LENGTH = 4;

/** One more than the most items of an entry. */
export const MAX_ITEMS = 36 ** INDEX_LENGTH - 1;
