/**
 * Limits wrong tokens, for each address block that they come from.
 *
 * @module
 */

import type { Authorize } from "./authorize.ts";
import { addressBlock } from "./ip_address.ts";
import { RateLimit } from "./rate_limit.ts";
import { refuse } from "./refusal.ts";

/** Options of {@linkcode limitWrongTokens}. */
export interface WrongTokensOptions {
  /** Finds the client's address; wrong tokens are counted for its block. */
  readonly addressOf: (request: Request) => string;
  /** Called with the address when its block goes over the limit. */
  readonly onLimit: (address: string) => void;
  /** A clock in milliseconds that never goes back. By default `performance.now()`. */
  readonly now?: () => number;
}

/**
 * Wraps a decision so that an address block may send 100 wrong tokens at once and 10 a second; a wrong
 * token beyond that gets a 429 with `Retry-After` instead of its 401.
 *
 * Every token is still checked, so a right token is never refused for the tokens that others behind the
 * same NAT or proxy send. The limit slows down clients that fail in a loop, and shows them to the
 * operator. A token's length, not this limit, makes guessing hopeless.
 */
export function limitWrongTokens(authorize: Authorize, options: WrongTokensOptions): Authorize {
  const { addressOf, onLimit, now = () => performance.now() } = options;
  const wrong = new RateLimit(WRONG_PER_SECOND, { burst: WRONG_AT_ONCE, now });
  return async (request, action, streams) => {
    const grant = await authorize(request, action, streams);
    if (!(grant instanceof Response && isOfWrongToken(grant))) return grant;
    const address = addressOf(request);
    const waitSeconds = wrong.take(addressBlock(address));
    if (waitSeconds === 0) return grant;
    onLimit(address);
    return refuse("wrong_tokens", `Too many wrong tokens come from this address; ${RETRY_AFTER}`, {
      "retry-after": `${waitSeconds}`,
    });
  };
}

const RETRY_AFTER = "wait for as many seconds as Retry-After says";
const WRONG_AT_ONCE = 100;
const WRONG_PER_SECOND = 10;

// RFC 6750, section 3.1: a 401 without an error code answers a request without a token.
function isOfWrongToken({ status, headers }: Response): boolean {
  return status === 401 && headers.get("www-authenticate")?.includes("invalid_token") === true;
}
