/**
 * Who a request says that it is from, by the claims of its JSON Web Token. Verifies nothing.
 *
 * @module
 */

import type { ClientIdentity } from "../hub/subscriber_filter.ts";
import { cookieTokens } from "./authorize.ts";
import { bearerToken } from "./bearer_token.ts";
import { parseJsonObject } from "./json_object.ts";
import { parseJwt } from "./jwt.ts";

/**
 * Reads the claims `sub` and `jti` of the token in the header `Authorization`, else in the first cookie
 * `sse_token`; each at most 128 characters.
 */
export function claimedIdentity(headers: Headers): Omit<ClientIdentity, "address"> {
  const token = bearerToken(headers) ?? cookieTokens(headers)[0];
  const parsed = token === undefined ? undefined : parseJwt(token);
  if (parsed === undefined) return {};
  const claims = parseJsonObject(new TextDecoder().decode(parsed.payload)) ?? {};
  const [subject, tokenId] = [claims["sub"], claims["jti"]].map((claim) =>
    typeof claim === "string" ? claim.slice(0, MAX_CHARACTERS) : undefined
  );
  return {
    ...subject !== undefined && { subject },
    ...tokenId !== undefined && { tokenId },
  };
}

const MAX_CHARACTERS = 128;
