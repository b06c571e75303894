/**
 * What an operator sees of a client besides its address: taken from its request and its grant, and kept
 * while its connection is open.
 *
 * @module
 */

import type { ClientIdentity } from "../hub/subscriber_filter.ts";
import { type Grant, mayUse } from "./authorize.ts";

/** What an operator sees of a client. */
export interface ClientDetails {
  /** The header `User-Agent`, at most 256 characters; `null` without one. */
  readonly userAgent: string | null;
  /** The header `Origin`, at most 256 characters; `null` without one. */
  readonly origin: string | null;
  /** The patterns of the streams that the client's token covers; left out, every stream. */
  readonly patterns: readonly string[] | undefined;
}

/** Takes the details of a request. */
export function detailsOf({ headers }: Request, { streams }: Grant): ClientDetails {
  return {
    userAgent: headers.get("user-agent")?.slice(0, MAX_CHARACTERS) ?? null,
    origin: headers.get("origin")?.slice(0, MAX_CHARACTERS) ?? null,
    patterns: streams,
  };
}

/** Who a client is, for the hub. */
export function identityOf(address: string, { subject, tokenId }: Grant): ClientIdentity {
  return {
    address,
    ...subject !== undefined && { subject },
    ...tokenId !== undefined && { tokenId },
  };
}

/** Whether a client's token covers a stream. */
export function mayRead({ patterns }: ClientDetails, stream: string): boolean {
  return patterns === undefined || mayUse(patterns, stream);
}

const MAX_CHARACTERS = 256;
