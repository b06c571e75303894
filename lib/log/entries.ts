/**
 * What an engine keeps as one entry: events of one or more publishes as text, and the ids of what is in
 * it.
 *
 * @module
 */

import { checkEvent, type ServerSentEvent } from "../wire/event.ts";
import { isStreamName } from "../wire/stream_name.ts";
import type { LogEntry } from "./event_log.ts";

/** An entry as an engine keeps it. */
export interface StoredEntry {
  /** Its place in the engine's order: lower-case letters and digits, as many for every entry. */
  readonly place: string;
  /** What {@linkcode encodeEntry} made. */
  readonly text: string;
  /** The epoch in which it was written, where the engine keeps that with each entry. */
  readonly epoch?: string | undefined;
}

/** One thing in an entry: an event of a stream, or the stream's end. */
export interface Item {
  /** What {@linkcode encodeItem} made. */
  readonly text: string;
  /** Of several items with one key the store keeps the first; `undefined` for one that has none. */
  readonly key?: string | undefined;
}

/**
 * Encodes an event of a stream, or the stream's end, as an item of an entry.
 *
 * @param first Whether it is the stream's first; given as an id, that which its hub had come to.
 */
export function encodeItem(
  stream: string,
  event?: ServerSentEvent,
  first: boolean | string = false,
): Item {
  if (event === undefined) return { text: JSON.stringify([stream]) };
  // Of its own fields alone: among others, what `entryNames()` looks for could stand.
  const { data, event: type, id, retry, comment } = event;
  const fields = { data, event: type, id, retry, comment };
  const text = JSON.stringify(first === false ? [stream, fields] : [stream, fields, first]);
  // An empty id is no key: it only clears the client's.
  return { text, key: id ? `${stream} ${id}` : undefined };
}

/**
 * Encodes an entry of such items, appended at a time in milliseconds since 1970. Its number stands as
 * the digits behind the point of the time, where hubs that know no numbers ignore it.
 */
export function encodeEntry(timeMs: number, number: number, items: readonly Item[]): string {
  return `[${[`${timeMs}.${number}`, ...items.map(({ text }) => text)].join()}]`;
}

/**
 * Decodes an entry. What no hub has written has nothing in it: whoever can write to the engine could
 * otherwise forge fields, or end every instance with one line.
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
      // All of one shape, as code that takes many of them is faster then.
      return { id, stream, event, isFirst, seenId, ageMs, isUnique, leftOut: undefined };
    });
  } catch {
    // It is as if it were not there, on every instance alike.
    return [];
  }
}

/**
 * The version of what is stored: of entries, and of the keys beside them. It grows where hubs of the
 * version before would misread what is written.
 */
export const FORMAT = 1;

/**
 * Checks the version of what an engine keeps.
 *
 * @param found What is stored as the version; 0 where none is, by the versions that stored none.
 * @throws {Error} If it is newer than what is known here.
 */
export function checkFormat(found: unknown): void {
  const format = Number(found);
  if (format <= FORMAT) return;
  throw new Error(
    `Cannot open log: it has been written in format ${format} by a newer version, and this one knows ` +
      `format ${FORMAT}: start that version, or begin a new log under another key or path`,
  );
}

/** The next place after a place, whether there is an entry or not. */
export function placeAfter(place: string): string {
  const head = place.slice(0, -1);
  const digit = parseInt(place.slice(-1), 36) + 1;
  return digit < 36 ? head + digit.toString(36) : `${placeAfter(head)}0`;
}

/** The size of a text in UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let rest = text; rest.length > 0;) {
    // A tenth of the time that it takes to make an array of the size.
    const { read, written } = encoder.encodeInto(rest, scratch);
    bytes += written;
    rest = rest.slice(read);
  }
  return bytes;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(8_192);

type DecodedItem = [stream: string, event?: ServerSentEvent, first?: unknown];

/** When an entry was appended, in milliseconds since 1970; 0 for what no hub has written. */
export function entryTimeMs({ text }: StoredEntry): number {
  return Number(/^\[([0-9]+)/.exec(text)?.[1] ?? 0);
}

/**
 * An entry's number: one more than that of the entry before it. `undefined` for an entry that a hub
 * without numbers has written, or no hub at all: then nothing is known of what stood next to it.
 */
export function entryNumber({ text }: StoredEntry): number | undefined {
  const digits = /^\[[0-9]+\.([0-9]+)[,\]]/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The ids of an epoch: `<epoch>-<place><index>`, of which the first in an entry has index 1. */
export class EntryIds {
  readonly #epoch: string;
  readonly #placeLength: number;
  readonly #format: RegExp;

  /** Makes and reads ids with places of `placeLength` characters. */
  constructor(epoch: string, placeLength: number) {
    this.#epoch = epoch;
    this.#placeLength = placeLength;
    this.#format = new RegExp(`^${epoch}-[0-9a-z]{${placeLength + INDEX_LENGTH}}$`);
  }

  /** The epoch. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Which item of its entry an id is of. */
  indexOf(id: string): number {
    return parseInt(id.slice(-INDEX_LENGTH), 36);
  }

  /** Whether an entry was written in another epoch. */
  isForeign({ epoch }: StoredEntry): boolean {
    return epoch !== undefined && epoch !== this.#epoch;
  }

  /** The id of the item at an index; 0 is before the first. */
  format(place: string, index: number): string {
    return this.withEpoch(place + index.toString(36).padStart(INDEX_LENGTH, "0"));
  }

  /** The id after all that an entry could have. */
  after(place: string): string {
    return this.format(place, MAX_ITEMS);
  }

  /** The id just before that of an item. */
  before(id: string): string {
    return this.format(this.placeOf(id), Math.max(this.indexOf(id) - 1, 0));
  }

  /** The id before all there could be. */
  get zero(): string {
    return this.format("0".repeat(this.#placeLength), 0);
  }

  /** Whether a text is an id of this epoch. */
  has(id: string): boolean {
    return this.#format.test(id);
  }

  /** What of an id the epoch doesn't say; of two, the later one is greater as text. */
  withoutEpoch(id: string): string {
    return id.slice(this.#epoch.length + 1);
  }

  /** The id of such a text. */
  withEpoch(text: string): string {
    return `${this.#epoch}-${text}`;
  }

  /** The place of the entry that an id is of. */
  placeOf(id: string): string {
    return this.withoutEpoch(id).slice(0, -INDEX_LENGTH);
  }
}

/** How many characters of an id say which item of its entry it is. */
export const INDEX_LENGTH = 4;

/** The most items that an entry can have, and one more. */
export const MAX_ITEMS = 36 ** INDEX_LENGTH - 1;
