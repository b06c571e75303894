/**
 * The data of the bench's events: which one it is and when it was made, in a fixed number of bytes, so
 * that whoever reads it can check and time it without searching.
 *
 * @module
 */

/** Digits of the sequence number and of the time, each; as a number they fit 30 bits. */
export const DIGITS = 9;

/** Where the numbers of the time begin again. */
export const WRAP = 10 ** DIGITS;

/** The time in microseconds, the same in all processes of a machine, from 0 up to {@linkcode WRAP}. */
export function nowUs(): number {
  return Math.floor((ORIGIN_US + performance.now() * 1_000) % WRAP);
}

/** Makes data of `bytes` bytes that says that it is number `sequence` and made now. */
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
