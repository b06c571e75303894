/**
 * Ids: comparing ids of one epoch, making a new epoch, and finding the id in an encoded event.
 *
 * @module
 */

import type { EncodedEvent } from "./event.ts";

/**
 * Compares two ids of one epoch. A shorter id comes before a longer id; ids of one length compare as
 * text.
 *
 * @returns A negative number if `a` comes first, 0 if the ids are the same, else a positive number.
 */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Returns the later of two ids; `id` if `other` is `undefined`. */
export function laterId(id: string, other: string | undefined): string {
  return other !== undefined && compareIds(other, id) > 0 ? other : id;
}

/** Makes an epoch of 48 random bits. The epoch distinguishes the ids of one log from those of others. */
export function randomEpoch(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high * 0x1_0000 + (low & 0xffff)).toString(36);
}

/** Decodes the id that begins at an offset in encoded events. Reads only the id. */
export function decodeId(bytes: Uint8Array, offset: number): string {
  codes.length = 0;
  for (let i = offset, code = bytes[i]!; code !== LF; code = bytes[++i]!) {
    if (code > MAX_ASCII) return decoder.decode(bytes.subarray(offset, bytes.indexOf(LF, offset)));
    codes.push(code);
  }
  // Half the time of a TextDecoder, which has to leave the engine.
  return String.fromCharCode.apply(undefined, codes);
}

/**
 * Returns the offset of an event's id in the event's UTF-8, which has `size` bytes. Two line feeds follow
 * the id.
 */
export function idOffset({ idLength }: EncodedEvent, size: number): number {
  return size - idLength - 2;
}

// Bundlers leave it out with decodeId().
const decoder = /* @__PURE__ */ new TextDecoder();
const LF = 10;
const MAX_ASCII = 127;
const codes: number[] = [];
