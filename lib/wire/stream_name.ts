/**
 * The rule for stream names.
 *
 * @module
 */

/** The rule for a stream's name, for error texts. */
export const STREAM_NAMES =
  "segments of A-Z a-z 0-9 . _ ~ : @ - joined by /, none of them . or .., at most 128 characters in all";

/** Whether a text can be a stream's name: see {@linkcode STREAM_NAMES}. */
export function isStreamName(name: string): boolean {
  return name.length <= 128 && NAME.test(name) && !(name.includes(".") && DOTS_ONLY.test(name));
}

/**
 * Checks a stream's name: segments of `A–Z a–z 0–9 . _ ~ : @ -`, joined by `/`, at most 128 characters in
 * all. No segment may be `.` or `..`.
 *
 * @throws {TypeError} If the name breaks the rule.
 */
export function checkStreamName(name: string): void {
  if (typeof name === "string" && isStreamName(name)) return;
  throw new TypeError(
    `Cannot use stream name: expected ${STREAM_NAMES}, got ` +
      JSON.stringify(`${name}`.slice(0, 128)),
  );
}

const NAME = /^[\w.~:@-]+(?:\/[\w.~:@-]+)*$/;
const DOTS_ONLY = /(?:^|\/)\.\.?(?:\/|$)/;
