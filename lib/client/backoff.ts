/**
 * How long a client waits before its next attempt: backoff with full jitter.
 *
 * @module
 */

/**
 * Returns how long to wait, in milliseconds: after progress at most half a second, so that clients that
 * are cut off together don't come together; without it, anything up to `retryMs`, doubled with each
 * failure up to 30 s, and no longer than the outage has lasted. What the server asks for comes on top.
 *
 * @param failures How many attempts in a row had no progress.
 * @param random A number from 0 to 1.
 * @param downMs How long ago the last progress ended.
 * @param retryMs The server's `retry`; left out, 2 seconds.
 * @param floorMs The least time that the server asks to wait.
 */
export function pauseMs(
  failures: number,
  random: number,
  downMs: number,
  retryMs: number = 2_000,
  floorMs: number = 0,
): number {
  // A server that asks for no time, and then fails at once, is not asked without end.
  const baseMs = Math.max(retryMs, 100);
  const spreadMs = Math.min(30_000, baseMs * 2 ** (failures - 1), Math.max(baseMs, downMs));
  return floorMs + (failures ? spreadMs : 500) * random;
}
