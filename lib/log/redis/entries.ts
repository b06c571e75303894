/**
 * The entries of a Redis stream: their places, which are the ids that Redis gives them in base 36, and
 * the replies that have them.
 *
 * @module
 */

import type { StoredEntry } from "../entries.ts";

const MS_LENGTH = 9;
const SEQUENCE_LENGTH = 6;

/** How many characters a place has. */
export const PLACE_LENGTH = MS_LENGTH + SEQUENCE_LENGTH;

/** The place before all entries. */
export const ZERO = "0".repeat(PLACE_LENGTH);

/** The field of a Redis entry that has the text. */
export const FIELD = "entry";

/** An entry as Redis replies it: its fields are names and values by turns. */
export type RedisEntry = [id: string, fields: string[]];

/** Returns the place of a Redis id, `<milliseconds>-<sequence>`. */
export function placeOf(id: string): string {
  const [ms = "", sequence = ""] = id.split("-");
  return base36(ms, MS_LENGTH) + base36(sequence, SEQUENCE_LENGTH);
}

/** Returns the Redis id of a place. */
export function idOf(place: string): string {
  return `${parseInt(place.slice(0, MS_LENGTH), 36)}-${parseInt(place.slice(MS_LENGTH), 36)}`;
}

/** Reads the entries of a reply. */
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
