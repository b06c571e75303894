/**
 * Who may do what, decided for one request: by the tokens of settings, by JSON Web Tokens, or without a
 * token where a stream is public. Whether a token is valid is decided in `token_checks.ts`.
 *
 * @module
 */

import { bearerToken } from "./bearer_token.ts";
import { isFromOwnPage, isSafe, refuseForeignPage } from "./csrf.ts";
import type { Claims, JwtRefusal } from "./jwt.ts";
import { coversStream, isStreamPattern } from "../wire/stream_name.ts";
import { TokenChecks, type TokenChecksOptions } from "./token_checks.ts";
import {
  type AcceptedTokens,
  type Action,
  refuseAnonymous,
  refuseMetricsToken,
  refuseScope,
  refuseToken,
} from "./token_refusal.ts";

export type { AcceptedTokens, Action };

/** The permission to do it. */
export interface Grant {
  /** When the permission ends, in milliseconds since 1970; left out, it doesn't. */
  readonly expiresAtMs?: number;
  /** Who has it, such as the claim `sub` of a JWT: for lists and disconnects. */
  readonly subject?: string;
  /** The id of the token that gives it, such as the claim `jti` of a JWT. */
  readonly tokenId?: string;
  /** The patterns of the streams that the client may subscribe to by name; left out, every stream. */
  readonly streams?: readonly string[];
  /**
   * Whether the patterns among the streams asked for are granted. Without it, a pattern is refused that an
   * application's own `authorize` has let through.
   *
   * @default {false}
   */
  readonly patterns?: boolean;
}

/**
 * Decides whether a request may do something with all of these streams.
 *
 * The decision must be the same for a client that resumes as for a new client. `streams` is empty where
 * no named stream is meant: for the per-connection stream, for `figures`, `admin` and `disconnect`. To
 * subscribe, a client may ask for patterns too, such as `orders/*`: see {@linkcode Grant.patterns}.
 *
 * @returns The permission, or the response that refuses the request.
 */
export type Authorize = (
  request: Request,
  action: Action,
  streams: readonly string[],
) => Grant | Response | Promise<Grant | Response>;

/** Options of {@linkcode authorizeByTokens}. */
export interface TokenOptions extends TokenChecksOptions {
  /** Who may subscribe: everybody, or only clients with a token. */
  readonly subscribe: "public" | "token";
  /**
   * Patterns that everybody may subscribe to, and to the streams that they cover. By default none: a
   * pattern reaches streams whose names may be secrets.
   */
  readonly publicPatterns?: readonly string[];
}

/**
 * Makes a decision from the tokens of settings and the verification of JWTs.
 *
 * A token comes in the header `Authorization: Bearer`; a JWT may also come in the cookie `sse_token`,
 * which is ignored without `jwt` or when it is empty. A token is never read from the query, nor
 * from another scheme than Bearer. A browser sends several cookies of that name when they were set for
 * several paths or domains: the first 4 are tried, and the first that covers the request counts.
 *
 * - A token that is not valid gets a 401, even where no token is needed.
 * - A request without a token gets a 401 where a token would help, else a 403 that names the setting
 *   which opens the server.
 * - The publish token grants everything. The metrics token grants `figures` and nothing else.
 * - A JWT grants the streams that it names; on a server whose streams are public it grants subscribing
 *   to each of them by name, and its connections still end when it expires. For its `admin` see
 *   {@linkcode covers}.
 * - A pattern to subscribe to is granted as a whole: by one pattern of a JWT that covers it, or by
 *   `publicPatterns`.
 * - A cookie authorizes an unsafe method only from the server's own pages.
 *
 * A valid token is remembered for a minute: see {@linkcode TokenChecks}.
 *
 * @throws {TypeError} If a token of a setting could not be sent in a header.
 */
export function authorizeByTokens(options: TokenOptions): Authorize {
  const checks = new TokenChecks(options);
  return (request, action, streams) => {
    const { subscribe, publicPatterns = [] } = options;
    const open = subscribe === "public" ? undefined : publicPatterns;
    const closed = action === "subscribe" ? closedStreams(streams, options) : streams;
    const isOpen = closed.length === 0 && (streams.length > 0 || open === undefined);
    const isPublic = action === "subscribe" && isOpen;
    const isCovered = (claims: Claims) => isPublic || covers(claims, action, closed);
    const asked = { action, streams: closed, open, isCovered };
    const token = bearerToken(request.headers);
    if (token !== undefined) {
      return checks.isKnownPublishToken(token) ? {} : authorizeByBearer(token, asked, checks);
    }
    const cookies = options.jwt ? cookieTokens(request.headers) : [];
    if (cookies.length > 0) return authorizeByCookies(request, cookies, asked, checks);
    if (isPublic) return open ? { streams: open } : {};
    return refuseAnonymous(action, options, publicUntilPattern(closed, options));
  };
}

/** Returns the names and patterns that not everybody may subscribe to. */
function closedStreams(
  streams: readonly string[],
  { subscribe, publicPatterns = [] }: TokenOptions,
): readonly string[] {
  return streams.filter((stream) => {
    const isOpen = subscribe === "public" && !isStreamPattern(stream);
    return !isOpen && !mayUse(publicPatterns, stream);
  });
}

/** Returns the pattern that alone needs a token, on a server whose streams are public. */
function publicUntilPattern(
  closed: readonly string[],
  { subscribe }: TokenOptions,
): string | undefined {
  return subscribe === "public" ? closed[0] : undefined;
}

/**
 * Whether one of the patterns allows a stream or a pattern as a whole: a stream's name allows that
 * stream, a name and `/*` allow everything below the name but not itself, and `*` allows every stream.
 */
export function mayUse(patterns: readonly string[], stream: string): boolean {
  return patterns.some((pattern) => coversStream(pattern, stream));
}

/** What a JWT or a session may do. */
export type Rights = Pick<Claims, "subscribe" | "publish" | "admin">;

/**
 * Whether rights allow an action on all of these streams. `admin: "write"` allows everything; `admin:
 * "read"` allows what the console shows: `figures`, `admin`, and subscribing to every stream.
 */
export function covers(rights: Rights, action: Action, streams: readonly string[]): boolean {
  return rights.admin === "write" || firstUncovered(rights, { action, streams }) === undefined;
}

/** What a request asks for, and which claims cover it. */
interface Asked {
  readonly action: Action;
  readonly streams: readonly string[];
  /** The patterns of the streams that anybody may subscribe to by name; `undefined`: every stream. */
  readonly open: readonly string[] | undefined;
  readonly isCovered: (claims: Claims) => boolean;
}

/** Decides by the token of the header `Authorization`. */
async function authorizeByBearer(
  token: string,
  asked: Asked,
  checks: TokenChecks,
): Promise<Grant | Response> {
  const setting = checks.isKnownJwt(token) ? undefined : await checks.settingOf(token);
  if (setting === "publish") return {};
  if (setting === "metrics") return asked.action === "figures" ? {} : refuseMetricsToken();
  return await authorizeByJwts([token], asked, checks);
}

/** Decides by JWTs: the first one that covers the request counts. */
async function authorizeByJwts(
  tokens: readonly string[],
  asked: Asked,
  checks: TokenChecks,
): Promise<Grant | Response> {
  const valid: Claims[] = [];
  let refusal: JwtRefusal | undefined;
  for (const token of tokens) {
    const result = await checks.readJwt(token);
    if (result === undefined) continue;
    if ("fault" in result) refusal ??= result;
    else valid.push(result);
  }
  const [first] = valid;
  if (first === undefined) return refuseToken(tokens, refusal, checks.accepted);
  const claims = valid.find(asked.isCovered);
  if (claims !== undefined) return grantOf(claims, asked);
  return refuseScope(asked.action, firstUncovered(first, asked), checks.accepted);
}

/** Makes the grant of a valid JWT. */
function grantOf(claims: Claims, { action, open }: Asked): Grant {
  const { expiresAtSeconds, subject, tokenId, subscribe, admin } = claims;
  const isNarrow = action === "subscribe" && open && admin === undefined;
  return {
    expiresAtMs: expiresAtSeconds * 1_000,
    ...subject !== undefined && { subject },
    ...tokenId !== undefined && { tokenId },
    ...isNarrow && { streams: [...open, ...subscribe] },
  };
}

/** The first stream that rights do not cover; `""` if they do not cover the action at all. */
export function firstUncovered(
  rights: Rights,
  { action, streams }: Pick<Asked, "action" | "streams">,
): string | undefined {
  const isReader = rights.admin !== undefined;
  if (action === "disconnect") return rights.admin === "write" ? undefined : "";
  if (action === "admin" || action === "figures") return isReader ? undefined : "";
  if (action === "subscribe" && isReader) return undefined;
  return streams.find((stream) => !mayUse(rights[action], stream));
}

async function authorizeByCookies(
  request: Request,
  cookies: readonly string[],
  asked: Asked,
  checks: TokenChecks,
): Promise<Grant | Response> {
  const answer = await authorizeByJwts(cookies, asked, checks);
  const isForeign = !isSafe(request) && !isFromOwnPage(request);
  return isForeign && !isUnauthorized(answer) ? refuseForeignPage() : answer;
}

/** The first tokens of cookies `sse_token`, each once. */
export function cookieTokens(headers: Headers): string[] {
  const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  const tokens = cookies
    .filter((cookie) => cookie.startsWith(COOKIE) && cookie.length > COOKIE.length)
    .map((cookie) => cookie.slice(COOKIE.length));
  return [...new Set(tokens)].slice(0, MAX_COOKIES);
}

const COOKIE = "sse_token=";
const MAX_COOKIES = 4;

function isUnauthorized(answer: Grant | Response): boolean {
  return answer instanceof Response && answer.status === 401;
}
