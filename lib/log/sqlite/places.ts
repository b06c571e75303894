/**
 * Places of a log in SQLite: whole numbers, which are compared as text.
 *
 * @module
 */

/** The number of characters in a place: the digits of 2⁵³ in base 36. */
export const PLACE_LENGTH = 11;

/** Writes a number as a place. */
export function placeOf(number: number): string {
  return number.toString(36).padStart(PLACE_LENGTH, "0");
}

/** Reads the number of a place; 0 for the empty text, which is before all places. */
export function numberOf(place: string): number {
  return Math.min(parseInt(place || "0", 36), Number.MAX_SAFE_INTEGER);
}
