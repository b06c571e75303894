/**
 * Refusals of tokens: the token is missing, is not valid, or does not allow what the client wants.
 *
 * @module
 */

import type { JwtRefusal } from "./jwt.ts";
import type { JwtVerifier } from "./jwt_verifier.ts";
import { refuse } from "./refusal.ts";

/** The tokens that the server accepts. */
export interface AcceptedTokens {
  /** The token that grants every action on every stream: printable ASCII without spaces. */
  readonly publishToken?: string | undefined;
  /** The token that reads figures, and nothing else: printable ASCII without spaces. */
  readonly metricsToken?: string | undefined;
  /** Verifies JWTs. */
  readonly jwt?: JwtVerifier | undefined;
}

/**
 * What a request wants to do: `subscribe` to streams, `publish` to streams or end them, read `figures`,
 * which are the list of streams, the metrics and the details of the health, `admin`, which is to read
 * everything that the console shows, or `disconnect` clients.
 */
export type Action = "subscribe" | "publish" | "figures" | "admin" | "disconnect";

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
    case "unavailable":
      return refuse("keys", refusal.detail, { "retry-after": "5" });
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
  const { publishToken, metricsToken, jwt } = options;
  const valid = [
    ...publishToken === undefined ? [] : ["the token of PUBLISH_TOKEN"],
    ...metricsToken === undefined ? [] : ["the token of METRICS_TOKEN"],
    ...jwt === undefined ? [] : [`a JSON Web Token signed with ${jwt.keyNames}`],
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
  const claim = options.jwt?.claim ?? "sse";
  if (action !== "subscribe" && action !== "publish") {
    const levels = action === "disconnect" ? '"write"' : '"read" or "write"';
    const remedy = options.publishToken === undefined ? "" : "; or send the token of PUBLISH_TOKEN";
    const detail = `The token's claim ${claim}.admin must be ${levels} for this${remedy}`;
    return refuse("scope", detail, headers);
  }
  const shown = JSON.stringify((stream ?? "").slice(0, 128));
  return refuse(
    "scope",
    `The token's claim ${claim}.${action} does not cover the stream ${shown}`,
    headers,
  );
}

/** Refuses the metrics token for everything but figures. */
export function refuseMetricsToken(): Response {
  return refuse(
    "scope",
    "The token of METRICS_TOKEN reads /metrics, /streams and /healthz?details=true, and nothing else",
    { "www-authenticate": 'Bearer error="insufficient_scope"' },
  );
}

/**
 * Refuses a request without a token; where no token would help, it names the settings that would.
 *
 * @param pattern The pattern that needs a token, on a server whose streams are public.
 */
export function refuseAnonymous(
  action: Action,
  { publishToken, metricsToken, jwt }: AcceptedTokens,
  pattern?: string,
): Response {
  const isMetricsEnough = metricsToken !== undefined && action === "figures";
  if ((publishToken ?? jwt) === undefined && !isMetricsEnough) {
    const isPattern = action === "subscribe" && pattern !== undefined;
    return refuse("disabled", isPattern ? DISABLED_PATTERN : DISABLED[action]);
  }
  const cookie = jwt !== undefined ? ", or a JSON Web Token in the cookie sse_token" : "";
  return refuse("no_token", `Send a token in the header Authorization: Bearer <token>${cookie}`, {
    "www-authenticate": 'Bearer realm="sse-hub"',
  });
}

const DISABLED_PATTERN =
  "Patterns of streams are disabled on this server; set PUBLISH_TOKEN, JWT_KEY or PUBLIC_PATTERNS to " +
  "enable them";

/** Why an action is refused where no token could grant it. */
const DISABLED: Readonly<Record<Action, string>> = {
  publish: "Publishing is disabled on this server; set PUBLISH_TOKEN or JWT_KEY to enable it",
  subscribe: "Subscribing is disabled on this server; set PUBLISH_TOKEN or JWT_KEY to enable it",
  figures:
    "Lists and figures are disabled on this server; set PUBLISH_TOKEN or METRICS_TOKEN to enable them",
  admin: "The console is disabled on this server; set PUBLISH_TOKEN to enable it",
  disconnect: "Disconnecting is disabled on this server; set PUBLISH_TOKEN to enable it",
};
