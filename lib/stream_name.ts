/**
 * What a stream may be called.
 *
 * @module
 */

/** What a stream may be called, as error texts say it. */
export const STREAM_NAMES = "segments of A-Z a-z 0-9 . _ ~ - joined by /, at most 128 characters";

/** Whether a name may be a stream's: see {@linkcode checkStreamName}. */
export function isStreamName(name: string): boolean {
  return name.length <= 128 && NAME.test(name) && !DOTS_ONLY.test(name);
}

/**
 * Checks a stream's name: segments of `A–Z a–z 0–9 . _ ~ -`, none of them `.` or `..`, joined by `/`,
 * at most 128 characters in all.
 *
 * @throws {TypeError} If it is none.
 */
export function checkStreamName(name: string): void {
  if (typeof name === "string" && isStreamName(name)) return;
  throw new TypeError(
    `Cannot use stream name: expected ${STREAM_NAMES}, got ${
      JSON.stringify(`${name}`.slice(0, 128))
    }`,
  );
}

const NAME = /^[\w.~-]+(?:\/[\w.~-]+)*$/;
const DOTS_ONLY = /(?:^|\/)\.\.?(?:\/|$)/;
