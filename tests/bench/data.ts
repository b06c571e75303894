/**
 * The data of the bench's events: the event's number and the time it was made, at fixed places, so that a
 * reader can check and time it without a search.
 *
 * @module
 */

/** Digits of the sequence number and of the time, each; as a number they fit 30 bits. */
export const DIGITS = 9;

/** Where the time wraps around to 0. */
export const WRAP = 10 ** DIGITS;

/** The time in microseconds, the same in all processes of a machine, from 0 up to {@linkcode WRAP}. */
export function nowUs(): number {
  return Math.floor((ORIGIN_US + performance.now() * 1_000) % WRAP);
}

/** Makes data of `bytes` bytes with the number `sequence` and the present time. */
export function eventData(sequence: number, bytes: number): string {
  const numbers = `${digits(sequence)} ${digits(nowUs())} `;
  return numbers + padding(bytes - numbers.length);
}

const ORIGIN_US = (performance.timeOrigin * 1_000) % WRAP;
const paddings = new Map<number, string>();

function digits(value: number): string {
  return `${value}`.padStart(DIGITS, "0");
}

function padding(bytes: number): string {
  let text = paddings.get(bytes);
  if (text === undefined) paddings.set(bytes, text = "x".repeat(bytes));
  return text;
}
