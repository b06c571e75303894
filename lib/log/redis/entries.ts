/**
 * The entries of a Redis stream: their places, and the replies of Redis that contain them. A place is the
 * id that Redis assigned, in base 36.
 *
 * @module
 */

import type { StoredEntry } from "../entries.ts";

const MS_LENGTH = 9;
const SEQUENCE_LENGTH = 6;

/** The number of characters in a place. */
export const PLACE_LENGTH = MS_LENGTH + SEQUENCE_LENGTH;

/** The place before all possible entries. */
export const ZERO = "0".repeat(PLACE_LENGTH);

/** The field of a Redis entry that contains the text. */
export const FIELD = "entry";

/** An entry in a reply of Redis; its fields alternate between names and values. */
export type RedisEntry = [id: string, fields: string[]];

/** Returns the place for a Redis id, `<milliseconds>-<sequence>`. */
export function placeOf(id: string): string {
  const [ms = "", sequence = ""] = id.split("-");
  return base36(ms, MS_LENGTH) + base36(sequence, SEQUENCE_LENGTH);
}

/** Returns the Redis id for a place. */
export function idOf(place: string): string {
  return `${parseInt(place.slice(0, MS_LENGTH), 36)}-${parseInt(place.slice(MS_LENGTH), 36)}`;
}

/** Returns the entries in a reply. */
export function storedEntries(reply: unknown): StoredEntry[] {
  return (reply as RedisEntry[]).map(([id, fields]) => ({
    place: placeOf(id),
    text: fields[1] ?? "",
    epoch: fields[2] === "epoch" ? fields[3] : undefined,
  }));
}

function base36(digits: string, length: number): string {
  return Number(digits).toString(36).padStart(length, "0");
}
