/**
 * The places of entries in Deno KV. A place is the versionstamp of the entry's commit, in base 36.
 *
 * @module
 */

/** The number of characters in a place. A versionstamp has 80 bits, or 20 hexadecimal digits. */
export const PLACE_LENGTH = 16;

/** Returns the place of the entry whose commit has a versionstamp. */
export function placeOf(stamp: string): string {
  return BigInt(`0x${stamp}`).toString(36).padStart(PLACE_LENGTH, "0");
}

/** Returns the versionstamp of the commit of the entry at a place. */
export function stampOf(place: string): string {
  let stamp = 0n;
  for (const digit of place) stamp = stamp * 36n + BigInt(parseInt(digit, 36));
  return stamp.toString(16).padStart(20, "0");
}
