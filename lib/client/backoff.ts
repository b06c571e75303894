/**
 * How long a client waits before its next attempt: backoff with full jitter.
 *
 * @module
 */

/**
 * Returns how long to wait, in milliseconds: after progress at most half a second, so that clients that
 * are cut off together don't come together; without it, anything up to `retryMs`, doubled with each
 * failure up to 30 s. What the server asks for comes on top, up to 10 minutes.
 *
 * @param failures How many attempts in a row had no progress.
 * @param retryMs The server's `retry`; left out, 2 seconds.
 * @param floorMs The least time that the server asks to wait.
 * @param random A number from 0 to 1.
 */
export function pauseMs(
  failures: number,
  retryMs: number = 2_000,
  floorMs: number = 0,
  random: number,
): number {
  // A server that asks for no time, and then fails at once, is not asked without end.
  const doubledMs = Math.max(retryMs, 100) * 2 ** (failures - 1);
  const spreadMs = failures === 0 ? 500 : Math.min(30_000, doubledMs);
  return Math.min(floorMs, 600_000) + spreadMs * random;
}
