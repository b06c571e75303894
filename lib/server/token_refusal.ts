/**
 * Refusals of tokens: the token is missing, is not valid, or does not allow what the client wants.
 *
 * @module
 */

import type { JwtRefusal } from "./jwt.ts";
import type { JwtKey } from "./jwt_key.ts";
import { refuse } from "./refusal.ts";

/** The tokens that the server accepts. */
export interface AcceptedTokens {
  /** The token that grants every action on every stream: printable ASCII without spaces. */
  readonly publishToken?: string | undefined;
  /** The key that verifies JWTs. */
  readonly jwtKey?: JwtKey | Promise<JwtKey> | undefined;
}

/**
 * What a request wants to do: `subscribe` to streams, `publish` to streams or end them, or `admin`,
 * which is to read lists and figures and to use the console.
 */
export type Action = "subscribe" | "publish" | "admin";

/**
 * Refuses tokens that are not valid. Only a token with a valid signature gets an answer that says what is
 * wrong with the token.
 */
export function refuseToken(
  tokens: readonly string[],
  refusal: JwtRefusal | undefined,
  options: AcceptedTokens,
): Response {
  const headers = { "www-authenticate": 'Bearer error="invalid_token"' };
  switch (refusal?.fault) {
    case "claims":
    case "early":
      return refuse("claims", refusal.detail, headers);
    case "expired":
      return refuse("expired_token", refusal.detail, headers);
    default:
      return refuse("wrong_token", describeWrongToken(tokens, options), headers);
  }
}

function describeWrongToken(tokens: readonly string[], options: AcceptedTokens): string {
  if (tokens.includes("")) {
    return "The header Authorization has no token, or more than one; send Authorization: Bearer <token>";
  }
  const { publishToken, jwtKey } = options;
  const valid = [
    ...publishToken === undefined ? [] : ["the token of PUBLISH_TOKEN"],
    ...jwtKey === undefined ? [] : ["a JSON Web Token signed with the key of JWT_KEY"],
  ];
  return valid.length === 0
    ? "The token is invalid, since this server has none; set PUBLISH_TOKEN or JWT_KEY"
    : `The token is invalid; send ${valid.join(" or ")}`;
}

/**
 * Refuses a valid JWT that does not allow an action.
 *
 * @param stream The first stream that the token does not cover.
 */
export function refuseScope(
  action: Action,
  stream: string | undefined,
  options: AcceptedTokens,
): Response {
  const headers = { "www-authenticate": 'Bearer error="insufficient_scope"' };
  if (action === "admin") {
    const remedy = options.publishToken === undefined
      ? DISABLED.admin
      : "A JSON Web Token does not allow this; send the token of PUBLISH_TOKEN";
    return refuse("scope", remedy, headers);
  }
  const shown = JSON.stringify((stream ?? "").slice(0, 128));
  return refuse(
    "scope",
    `The token's claim sse.${action} does not cover the stream ${shown}`,
    headers,
  );
}

/** Refuses a request without a token; where no token would help, it names the settings that would. */
export function refuseAnonymous(
  action: Action,
  { publishToken, jwtKey }: AcceptedTokens,
): Response {
  const isJwtEnough = jwtKey !== undefined && action !== "admin";
  if (publishToken === undefined && !isJwtEnough) return refuse("disabled", DISABLED[action]);
  const cookie = isJwtEnough ? ", or a JSON Web Token in the cookie sse_token" : "";
  return refuse("no_token", `Send a token in the header Authorization: Bearer <token>${cookie}`, {
    "www-authenticate": 'Bearer realm="sse-hub"',
  });
}

/** Why an action is refused where no token could grant it. */
const DISABLED: Readonly<Record<Action, string>> = {
  publish: "Publishing is disabled on this server; set PUBLISH_TOKEN or JWT_KEY to enable it",
  subscribe: "Subscribing is disabled on this server; set PUBLISH_TOKEN or JWT_KEY to enable it",
  admin:
    "Lists, figures and the console are disabled on this server; set PUBLISH_TOKEN to enable them",
};
