/**
 * What an engine keeps as one entry: events of one or more publishes as text, and the ids of what is in
 * it.
 *
 * @module
 */

import { checkEvent, type ServerSentEvent } from "../event.ts";
import { isStreamName } from "../stream_name.ts";
import type { LogEntry } from "./log.ts";

/** An entry as an engine keeps it. */
export interface StoredEntry {
  /** Its place in the engine's order: lower-case letters and digits, as many for every entry. */
  readonly place: string;
  /** What {@linkcode encodeEntry} made. */
  readonly text: string;
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
): string {
  if (event === undefined) return JSON.stringify([stream]);
  return JSON.stringify(first === false ? [stream, event] : [stream, event, first]);
}

/** Encodes an entry of such items, appended at a time in milliseconds since 1970. */
export function encodeEntry(timeMs: number, items: readonly string[]): string {
  return `[${[timeMs, ...items].join()}]`;
}

/**
 * Decodes an entry. What no hub has written has nothing in it: whoever can write to the engine could
 * otherwise forge fields, or end every instance with one line.
 */
export function decodeEntry(
  { place, text }: StoredEntry,
  ids: EntryIds,
  nowMs: number,
): LogEntry[] {
  try {
    const [timeMs, ...items] = JSON.parse(text);
    const ageMs = Math.max(nowMs - Number(timeMs), 0);
    return items.map(([stream, event, first]: Item, index: number) => {
      if (event !== undefined) checkEvent(event);
      if (!isStreamName(stream) || Number.isNaN(ageMs)) throw new TypeError("Not an entry");
      const id = ids.format(place, index + 1);
      const entry = { id, stream, event, isFirst: first !== undefined, ageMs };
      return typeof first === "string" && ids.has(first) ? { ...entry, seenId: first } : entry;
    });
  } catch {
    // It is as if it were not there, on every instance alike.
    return [];
  }
}

/**
 * The text of an entry that says that the engine has lost what came up to it, or may have: it had
 * acknowledged more than it remembers.
 */
export const LOSS = "lost";

/** The next place after a place, whether there is an entry or not. */
export function placeAfter(place: string): string {
  const head = place.slice(0, -1);
  const digit = parseInt(place.slice(-1), 36) + 1;
  return digit < 36 ? head + digit.toString(36) : `${placeAfter(head)}0`;
}

/** The size of a text in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

const encoder = new TextEncoder();

type Item = [stream: string, event?: ServerSentEvent, first?: unknown];

/** When an entry was appended, in milliseconds since 1970; 0 for what no hub has written. */
export function entryTimeMs({ text }: StoredEntry): number {
  return Number(/^\[([0-9]+)/.exec(text)?.[1] ?? 0);
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
    const index = parseInt(id.slice(-INDEX_LENGTH), 36);
    return this.format(this.placeOf(id), Math.max(index - 1, 0));
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
