/**
 * Why a call of SQLite or of Deno KV, which uses SQLite, failed, and how to retry a call while other
 * processes use the file.
 *
 * @module
 */

/**
 * Why a call failed:
 *
 * - `busy`: another process holds the lock of the SQLite file. Nothing was written.
 * - `full`: the disk is full. Nothing was written.
 * - `other`: any other reason, such as a file that can't be opened, or a closed store.
 */
export type SqliteFailure = "busy" | "full" | "other";

/** Classifies an error by its message, since an error of Deno KV does not have SQLite's code. */
export function failureOf(error: unknown): SqliteFailure {
  const message = error instanceof Error ? error.message : "";
  if (/^database (?:table |schema )?is locked/.test(message)) return "busy";
  return message.startsWith("database or disk is full") ? "full" : "other";
}

/**
 * Calls `attempt` until it succeeds, with a random pause after each call that another process prevented.
 *
 * @param attempt Must read afresh and commit once. Resolves with its result, or with `undefined` if a
 * check of the commit failed.
 * @throws The error of `attempt` unless it is `busy`; after {@linkcode PATIENCE_MS}, any error.
 */
export async function patiently<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const startMs = performance.now();
  for (let pauseMs = 2;; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const isLate = performance.now() - startMs > PATIENCE_MS;
    try {
      const result = await attempt();
      if (result !== undefined) return result;
      if (isLate) throw new Error("Cannot write to log: other processes write without a pause");
    } catch (error) {
      if (isLate || failureOf(error) !== "busy") throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * pauseMs));
  }
}

/** For how long to retry. SQLite itself waits up to 5 seconds for a lock. */
export const PATIENCE_MS = 10_000;
const MAX_PAUSE_MS = 64;

/** Returns the error of a publish on a full disk. */
export function diskFull(cause?: unknown): Error {
  const message =
    "Cannot append to log: its disk is full; events are accepted again when old entries " +
    "have been trimmed or the disk has room";
  return new Error(message, { cause });
}
