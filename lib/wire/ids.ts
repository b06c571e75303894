/**
 * Ids: how those of one epoch compare, what a new epoch is, and where an encoded event has its id.
 *
 * @module
 */

import type { EncodedEvent } from "./event.ts";

/**
 * Compares two ids of one epoch: below 0 if `a` comes first, 0 if they are the same. A shorter id comes
 * before a longer one; of the same length, they compare as text.
 */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Returns the later of two ids; if one is not known, the other. */
export function laterId(id: string, other: string | undefined): string {
  return other !== undefined && compareIds(other, id) > 0 ? other : id;
}

/** Makes an epoch, which sets the ids of one log apart from those of any other: 48 random bits. */
export function randomEpoch(): string {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high * 0x1_0000 + (low & 0xffff)).toString(36);
}

/** Decodes the id that begins at an offset of encoded events. Reads nothing but the id. */
export function decodeId(bytes: Uint8Array, offset: number): string {
  return decoder.decode(bytes.subarray(offset, bytes.indexOf(LF, offset)));
}

/** Returns the offset of an event's id in the event's UTF-8, which is the first `size` of `bytes`. */
export function idOffset(
  { text, idIndex }: EncodedEvent,
  bytes: Uint8Array,
  size: number,
): number {
  // All is ASCII.
  if (size === text.length) return idIndex;
  // Walk on the shorter side of the id, for data may be large.
  const isNearStart = 2 * idIndex < text.length;
  return isNearStart
    ? offsetAfter(idIndex, bytes)
    : offsetBefore(text.length - idIndex, bytes, size);
}

/** Where the bytes of the first `units` UTF-16 code units end. */
function offsetAfter(units: number, bytes: Uint8Array): number {
  let offset = 0;
  for (let left = units; left > 0;) {
    const byte = bytes[offset]!;
    offset += byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    left -= byte < 0xf0 ? 1 : 2;
  }
  return offset;
}

/** Where the bytes of the last `units` UTF-16 code units before `end` begin. */
function offsetBefore(units: number, bytes: Uint8Array, end: number): number {
  let offset = end;
  for (let left = units; left > 0;) {
    const byte = bytes[--offset]!;
    const isContinuation = byte >= 0x80 && byte < 0xc0;
    if (!isContinuation) left -= byte < 0xf0 ? 1 : 2;
  }
  return offset;
}

const decoder = new TextDecoder();
const LF = 10;
