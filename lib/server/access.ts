/**
 * Who may do what: the publish token, JSON Web Tokens, and what both open. Decides for one request;
 * what a token may say is `jwt.ts`'s.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750 RFC 6750}
 *
 * @module
 */

import { problem } from "../problem.ts";
import { type Claims, type JwtRefusal, verifyJwt } from "./jwt.ts";
import type { JwtKey } from "./jwt_key.ts";
import { authority } from "./router.ts";

/**
 * What a request wants to do: `subscribe` to streams, `publish` to them or end them, or `admin`, which
 * is to see lists, figures and the console.
 */
export type Action = "subscribe" | "publish" | "admin";

/** The permission to do it. */
export interface Grant {
  /** When the permission ends, in milliseconds since 1970; left out, it doesn't. */
  readonly expiresAtMs?: number;
}

/**
 * Decides whether a request may do something with all of these streams.
 *
 * It must be the same for a client that resumes as for one that is new. `streams` is empty where no
 * named stream is meant: the per-connection stream, and `admin`.
 *
 * @returns The permission, or the answer that refuses it.
 */
export type Authorize = (
  request: Request,
  action: Action,
  streams: readonly string[],
) => Grant | Response | Promise<Grant | Response>;

/** Options of {@linkcode createAccess}. */
export interface AccessOptions {
  /** The token that is good for every action on every stream: printable ASCII without spaces. */
  readonly publishToken?: string | undefined;
  /** The key of the tokens that say themselves what they are good for. */
  readonly jwtKey?: JwtKey | Promise<JwtKey> | undefined;
  /** Who may subscribe: everybody, or only who has a token. */
  readonly subscribe: "public" | "token";
  /** Gives the time, in milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Makes the decision from a publish token and a key for JWTs.
 *
 * A token comes in the header `Authorization: Bearer`, a JWT else in the cookie `sse_token` (which is
 * not looked at without a `jwtKey`, and is none when it is empty); never in the query. Another scheme
 * than Bearer is no token. A browser sends several cookies of that name when they were set for several
 * paths or domains: the first 4 are tried, and the first that is good for the request counts.
 *
 * - A token that is not good is 401, whatever it was to be used for.
 * - Without a token: 401 where one would help, else 403, since there is none to bring.
 * - The publish token may do everything. A JWT may use the streams it names; on a server whose streams
 *   are public it may subscribe to all, and its connections still end when it does. It is never good
 *   for `admin`.
 * - A cookie authorizes an unsafe method only from the server's own pages.
 *
 * @throws {TypeError} If the publish token could not be sent in a header.
 */
export function createAccess(options: AccessOptions): { readonly authorize: Authorize } {
  const { publishToken, jwtKey, subscribe, now = Date.now } = options;
  if (publishToken !== undefined && !/^[!-~]+$/.test(publishToken)) {
    throw new TypeError("Cannot use publish token: it must be printable ASCII without spaces");
  }
  let expected: Promise<Uint8Array> | undefined;

  async function isPublishToken(token: string): Promise<boolean> {
    if (publishToken === undefined) return false;
    return await matchesToken(token, await (expected ??= hashToken(publishToken)));
  }

  /** Decides by JWTs, of which the first that is good for the request counts. */
  async function authorizeByJwt(
    tokens: readonly string[],
    isGood: (claims: Claims) => boolean,
  ): Promise<Grant | Response> {
    const valid: Claims[] = [];
    let refusal: JwtRefusal | undefined;
    for (const token of jwtKey ? tokens : []) {
      const result = await verifyJwt(token, await jwtKey!, now() / 1_000);
      if ("fault" in result) refusal ??= result;
      else valid.push(result);
    }
    if (valid.length === 0) return refuseToken(refusal);
    const claims = valid.find(isGood);
    if (claims) return { expiresAtMs: claims.expiresAtSeconds * 1_000 };
    return problem(403, "The token is not good for this", {
      "www-authenticate": 'Bearer error="insufficient_scope"',
    });
  }

  function refuseAnonymous(action: Action): Response {
    const helps = publishToken !== undefined || (jwtKey !== undefined && action !== "admin");
    if (!helps) return problem(403, "This is closed here, and there is no token for it");
    return problem(401, "Send a token in the header Authorization, after the word Bearer", {
      "www-authenticate": 'Bearer realm="sse-hub"',
    });
  }

  async function authorize(
    request: Request,
    action: Action,
    streams: readonly string[],
  ): Promise<Grant | Response> {
    const isPublic = action === "subscribe" && subscribe === "public";
    const isGood = (claims: Claims) => isPublic || covers(claims, action, streams);
    const token = bearerToken(request.headers);
    if (token !== undefined) {
      return await isPublishToken(token) ? {} : await authorizeByJwt([token], isGood);
    }
    const cookies = jwtKey ? cookieTokens(request.headers) : [];
    if (cookies.length === 0) return isPublic ? {} : refuseAnonymous(action);
    const answer = await authorizeByJwt(cookies, isGood);
    const isForeign = !isSafe(request) && !isFromOwnPage(request);
    return isForeign && !isUnauthorized(answer) ? refuseForeignPage() : answer;
  }

  return { authorize };
}

/**
 * Whether one of the patterns allows a stream: its name, a name and `/*` for everything below it but
 * not itself, or `*` for every stream.
 */
export function mayUse(patterns: readonly string[], stream: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === "*" || pattern === stream) return true;
    const folder = pattern.slice(0, -1);
    return pattern.endsWith("/*") && stream.startsWith(folder) && stream !== folder;
  });
}

/** Hashes a token with SHA-256, for {@linkcode matchesToken}. */
export async function hashToken(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}

/**
 * Whether a token is the expected one. How long it takes says nothing of how much of it is right.
 *
 * @param expected What {@linkcode hashToken} made of the expected token.
 */
export async function matchesToken(given: string, expected: Uint8Array): Promise<boolean> {
  const hash = await hashToken(given);
  let difference = hash.length ^ expected.length;
  for (const [i, byte] of hash.entries()) difference |= byte ^ (expected[i] ?? 0);
  return difference === 0;
}

/**
 * The token of the header `Authorization`: `undefined` without one or with another scheme than Bearer,
 * such as the Basic that a proxy adds; `""` where it can't be read.
 */
export function bearerToken(headers: Headers): string | undefined {
  const [scheme = "", ...rest] = (headers.get("authorization") ?? "").trim().split(/[ \t]+/);
  if (scheme.toLowerCase() !== "bearer") return undefined;
  return rest.length === 1 ? rest[0]! : "";
}

/** The answer to a cookie on a request that changes something, unless a page of this server sent it. */
export function refuseForeignPage(): Response {
  return problem(403, "A cookie does not authorize this from another origin");
}

/** The first tokens of cookies `sse_token`, each once. */
function cookieTokens(headers: Headers): string[] {
  const cookies = (headers.get("cookie") ?? "").split(";").map((cookie) => cookie.trim());
  const tokens = cookies
    .filter((cookie) => cookie.startsWith(COOKIE) && cookie.length > COOKIE.length)
    .map((cookie) => cookie.slice(COOKIE.length));
  return [...new Set(tokens)].slice(0, MAX_COOKIES);
}

const COOKIE = "sse_token=";
const MAX_COOKIES = 4;

function refuseToken(refusal: JwtRefusal | undefined): Response {
  return problem(401, refusal?.detail ?? "The token is not valid here", {
    "www-authenticate": 'Bearer error="invalid_token"',
  });
}

function isUnauthorized(answer: Grant | Response): boolean {
  return answer instanceof Response && answer.status === 401;
}

function covers(claims: Claims, action: Action, streams: readonly string[]): boolean {
  if (action === "admin") return false;
  return streams.every((stream) => mayUse(claims[action], stream));
}

/** Whether a request changes nothing (RFC 9110, section 9.2.1). */
export function isSafe({ method }: Request): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** Whether a page of this server sent the request, or nobody's page; when in doubt, no. */
export function isFromOwnPage({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const host = headers.get("host") ?? authority(url);
  const [, origin] = /^https?:\/\/(.+)$/.exec(headers.get("origin") ?? "") ?? [];
  return host !== "" && origin === host.toLowerCase();
}
