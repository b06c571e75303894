/**
 * The places of entries in Deno KV: versionstamps of their commits, in base 36.
 *
 * @module
 */

/** How many characters a place has: a versionstamp has 80 bits, as 20 hexadecimal digits. */
export const PLACE_LENGTH = 16;

/** Returns the place of an entry that a commit with this versionstamp has written. */
export function placeOf(stamp: string): string {
  return BigInt(`0x${stamp}`).toString(36).padStart(PLACE_LENGTH, "0");
}

/** Returns the versionstamp of the commit that wrote the entry at a place. */
export function stampOf(place: string): string {
  let stamp = 0n;
  for (const digit of place) stamp = stamp * 36n + BigInt(parseInt(digit, 36));
  return stamp.toString(16).padStart(20, "0");
}
