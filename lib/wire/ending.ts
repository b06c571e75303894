/**
 * How a response ends whose client is to reconnect: closed or cut, and after which time the client
 * comes back.
 *
 * @module
 */

import type { GoawayReason } from "./control_events.ts";

/**
 * How a response ends whose client is to reconnect.
 *
 * - `close`: its body ends. Some clients, such as `@microsoft/fetch-event-source` and Datastar, take
 *   that for the end of everything and never reconnect.
 * - `cut`: its body fails with a {@linkcode CutConnection}, a tenth of a second after the client has
 *   taken what was sent, and at the latest after 5 seconds. Every client that reconnects at all does so
 *   then. `Deno.serve()` prints a stack for each, unless its `onError` returns a response:
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
 * @param action What can't be done with a wrong one: "create hub".
 * @throws {RangeError} If it is no {@linkcode Ending}.
 */
export function checkEnding(action: string, ending: Ending | undefined): void {
  if (ending === undefined || ending === "close" || ending === "cut") return;
  throw new RangeError(
    `Cannot ${action}: ending must be "close" or "cut", got ${JSON.stringify(ending)}`,
  );
}

/** What decides after which time a client comes back that is sent away. */
export interface GoawayRetry {
  /** How long a client of this server waits before it reconnects, in milliseconds. */
  readonly retryMs: number;
  /** Whether other instances serve the same, so that a client need not wait until this one is back. */
  readonly isServedElsewhere: boolean;
}

/**
 * After how many milliseconds a client comes back that is sent away: each at a moment of its own where
 * many are sent away at once.
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
