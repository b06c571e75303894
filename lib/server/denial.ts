/**
 * Refuses clients that a disconnect has denied.
 *
 * @module
 */

import type { BroadcastHub } from "../hub/hub.ts";
import type { Authorize, Grant } from "./authorize.ts";
import { refuse } from "./refusal.ts";

/** Options of {@linkcode refuseDenied}. */
export interface DenialOptions {
  /** The hub that knows who is denied. */
  readonly hub: Pick<BroadcastHub, "deniedUntil">;
  /** Finds the client's address. */
  readonly addressOf: (request: Request) => string;
  /** Called with each grant, also if the client is denied. */
  readonly onGrant?: (request: Request, grant: Grant) => void;
}

/**
 * Wraps a decision so that a denied subject or token may neither subscribe nor publish, and a denied
 * address may not subscribe. An operator is not locked out: lists, figures and disconnects are not
 * refused.
 */
export function refuseDenied(
  authorize: Authorize,
  { hub, addressOf, onGrant }: DenialOptions,
): Authorize {
  return async (request, action, streams) => {
    const grant = await authorize(request, action, streams);
    if (grant instanceof Response) return grant;
    onGrant?.(request, grant);
    if (action !== "subscribe" && action !== "publish") return grant;
    const { subject, tokenId } = grant;
    const untilMs = hub.deniedUntil({
      ...subject !== undefined && { subject },
      ...tokenId !== undefined && { tokenId },
      ...action === "subscribe" && { address: addressOf(request) },
    });
    if (untilMs === undefined) return grant;
    return refuse("denied", `This client is denied until ${new Date(untilMs).toISOString()}`);
  };
}
