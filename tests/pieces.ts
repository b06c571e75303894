/**
 * Cuts a byte stream into pieces, and collects everything that a parser finds in the pieces.
 *
 * @module
 */

import {
  type EventParserOptions,
  EventParserStream,
  type ParsedEvent,
} from "../lib/wire/parser.ts";

/** Everything that a parser found in a stream. */
export interface Arrived {
  /** Its events. */
  readonly events: ParsedEvent[];
  /** Its reconnection times, in milliseconds. */
  readonly retries: number[];
  /** Its comments. */
  readonly comments: string[];
}

/** Parses pieces of a stream, one chunk each. */
export async function parse(
  pieces: Uint8Array[],
  options: EventParserOptions = {},
): Promise<Arrived> {
  const retries: number[] = [];
  const comments: string[] = [];
  const parser = new EventParserStream({
    onRetry: (retryMs) => retries.push(retryMs),
    onComment: (comment) => comments.push(comment),
    ...options,
  });
  const events = await Array.fromAsync(ReadableStream.from(pieces).pipeThrough(parser));
  return { events, retries, comments };
}

/** A text as a whole, byte by byte, and cut in two at every index. */
export function cuts(text: string | Uint8Array): Uint8Array[][] {
  const bytes = typeof text === "string" ? utf8(text) : text;
  const halves = Array.from(bytes, (_, index) => [bytes.subarray(0, index), bytes.subarray(index)]);
  return [[bytes], Array.from(bytes, (byte) => Uint8Array.of(byte)), ...halves];
}

/** A text in pieces of up to 19 bytes, some of them empty. */
export function randomPieces(text: string, random: () => number): Uint8Array[] {
  return piecesOf(utf8(text), random);
}

/** Bytes in pieces of up to 19 bytes, some of them empty. */
export function piecesOf(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const pieces = [];
  for (let start = 0, end; start < bytes.length; start = end) {
    end = start + Math.floor(random() * 20);
    pieces.push(bytes.subarray(start, end));
  }
  return pieces;
}

/** A text's bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
