/**
 * What Deno KV says when a call fails, and how long to try again while other processes are in the way.
 *
 * @module
 */

/**
 * Why a call failed:
 *
 * - `busy`: another process holds the lock of the SQLite file. Nothing was written.
 * - `full`: the disk has no room for it. Nothing was written.
 * - `other`: everything else, such as a file that can't be opened, or a closed store.
 */
export type KvFailure = "busy" | "full" | "other";

/** Classifies an error of Deno KV by its message: SQLite's code is not in it. */
export function failureOf(error: unknown): KvFailure {
  const message = error instanceof Error ? error.message : "";
  if (/^database (?:table |schema )?is locked/.test(message)) return "busy";
  return message.startsWith("database or disk is full") ? "full" : "other";
}

/**
 * Calls `attempt` until it succeeds: again after a random pause where another process was in the way.
 *
 * @param attempt Reads what it needs, commits once and resolves with the result, or with `undefined`
 * if a check of the commit failed.
 * @throws Whatever `attempt` throws, unless it is `busy`; after {@linkcode PATIENCE_MS} that as well.
 */
export async function patiently<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const startMs = performance.now();
  for (let pauseMs = 2;; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const isLate = performance.now() - startMs > PATIENCE_MS;
    try {
      const result = await attempt();
      if (result !== undefined) return result;
      if (isLate) throw new Error("Cannot write to KV: other processes write all the time");
    } catch (error) {
      if (isLate || failureOf(error) !== "busy") throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * pauseMs));
  }
}

/** For how long it is tried again. SQLite itself waits 5 seconds for a lock that is never free. */
export const PATIENCE_MS = 10_000;
const MAX_PAUSE_MS = 64;
