/**
 * How a response ends if its client is to reconnect: by closing or by cutting the connection, and how long
 * the client waits.
 *
 * @module
 */

import type { GoawayReason } from "./control_events.ts";

/**
 * How a response ends if its client is to reconnect.
 *
 * - `close`: the body ends. Some clients never reconnect after the end of a body, such as
 *   `@microsoft/fetch-event-source` and Datastar.
 * - `cut`: the body fails with a {@linkcode CutConnection}, a tenth of a second after the client has taken
 *   all waiting bytes, at the latest after 5 seconds. Every client that reconnects at all reconnects after
 *   a cut. `Deno.serve()` prints a stack for each cut, unless its `onError` returns a response:
 *
 * ```ts ignore
 * const onError = (error: unknown) => {
 *   if (!(error instanceof CutConnection)) console.error(error);
 *   return new Response(null, { status: 500 });
 * };
 * Deno.serve({ onError }, (request) => hub.subscribe(request));
 * ```
 */
export type Ending = "close" | "cut";

/** The error of a response body whose connection is cut on purpose. */
export class CutConnection extends Error {
  /** Always `CutConnection`. */
  override name = "CutConnection";
}

/**
 * Checks an ending.
 *
 * @param action What the caller was about to do, for the error's text: "create hub".
 * @throws {RangeError} If `ending` is not an {@linkcode Ending}.
 */
export function checkEnding(action: string, ending: Ending | undefined): void {
  if (ending === undefined || ending === "close" || ending === "cut") return;
  throw new RangeError(
    `Cannot ${action}: ending must be "close" or "cut", got ${JSON.stringify(ending)}`,
  );
}

/** The settings that {@linkcode goawayRetryMs} needs. */
export interface GoawayRetry {
  /** How long a client of this server waits before it reconnects, in milliseconds. */
  readonly retryMs: number;
  /** Whether other instances serve the same streams: a client can then reconnect at once. */
  readonly isServedElsewhere: boolean;
}

/**
 * Returns the `retry` of a `goaway`, in milliseconds. The time is random if many connections may end at
 * once, so that their clients don't reconnect all at once.
 */
export function goawayRetryMs(
  reason: GoawayReason,
  { retryMs, isServedElsewhere }: GoawayRetry,
): number {
  switch (reason) {
    case "slow":
    case "stalled":
    case "failed":
      return retryMs;
    case "renew":
      return soonMs();
    case "draining":
    case "removed":
      return isServedElsewhere ? soonMs() : laterMs();
    case "overloaded":
    case "unavailable":
      return laterMs();
  }
}

function soonMs(): number {
  return 100 + Math.floor(Math.random() * 900);
}

function laterMs(): number {
  return 5_000 + Math.floor(Math.random() * 10_000);
}
