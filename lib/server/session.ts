/**
 * The operator's session: the publish token opens it once, or a code that the server prints at its
 * terminal, and from then on a signed cookie stands for the token.
 *
 * @module
 */

import type { Authorize } from "./authorize.ts";
import { bearerToken, hashToken, matchesToken } from "./bearer_token.ts";
import { isFromOwnPage, isSafe, refuseForeignPage } from "./csrf.ts";
import { addressBlock } from "./ip_address.ts";
import { LoginCode } from "./login_code.ts";
import { RateLimit } from "./rate_limit.ts";
import { refuse } from "./refusal.ts";
import { readBody } from "./request_body.ts";
import { type Handler, rawPath, type RequestInfo, type Route } from "./router.ts";
import { SESSION_COOKIE, SessionCookies } from "./session_cookies.ts";

/** Options of {@linkcode createSessions}. */
export interface SessionsOptions {
  /** The token that opens a session; without a publish token nobody can log in. */
  readonly publishToken: string | undefined;
  /**
   * The server's certificate, if the server speaks TLS itself; the cookie is then sent over TLS only.
   */
  readonly tlsCert: string | undefined;
  /** How many proxies are trusted, also when they say that the client speaks TLS. */
  readonly trustProxy: number;
  /** Finds the client's address; login attempts are counted for its block. */
  readonly addressOf: (...request: Parameters<Handler>) => string;
  /** Gives the time, in milliseconds since 1970. By default `Date.now()`. */
  readonly now?: () => number;
}

/** The login, and what a session permits. */
export interface Sessions {
  /**
   * `POST` with `{"token": "…"}` or `{"code": "…"}` opens a session, `DELETE` ends it, `GET` says when
   * it ends.
   */
  readonly route: Route;
  /**
   * Makes a code that opens one session within 60 seconds, in place of the one before it; `undefined`
   * without a publish token.
   */
  readonly createLoginCode: () => string | undefined;
  /**
   * Grants a session everything that the publish token grants, but changes only from this server's
   * pages. A request without a session is decided by `next`, and so is a request with a Bearer token.
   * Another scheme in `Authorization`, such as the Basic that a proxy adds, changes nothing.
   */
  readonly authorizeFirst: (next: Authorize) => Authorize;
}

/** Makes sessions of 12 hours. */
export function createSessions(options: SessionsOptions): Sessions {
  const { publishToken, now = Date.now } = options;
  const cookies = publishToken === undefined ? undefined : new SessionCookies(publishToken, now);
  const attempts = new RateLimit(ATTEMPTS_PER_SECOND, { burst: ATTEMPTS_AT_ONCE });
  const expiresAtMs = async ({ headers }: Request) => await cookies?.expiresAtMs(headers);
  const code = new LoginCode(now);
  const login = { ...options, now, cookies, attempts, code };
  return {
    createLoginCode: () => cookies && code.issue(),
    authorizeFirst: (next) => authorizeBySession(expiresAtMs, next),
    route: {
      POST: (request, info) => redirectUp(request) ?? logIn(request, info, login),
      DELETE: (request) => redirectUp(request) ?? logOut(request, options),
      GET: async (request) => describeSession(await expiresAtMs(request)),
    },
  };
}

const SESSION_MS = 12 * 3_600_000;
const ATTEMPTS_AT_ONCE = 5;
const ATTEMPTS_PER_SECOND = 0.1;
const MAX_BODY_BYTES = 1_024;

function authorizeBySession(
  expiresAtMs: (request: Request) => Promise<number | undefined>,
  next: Authorize,
): Authorize {
  return async (request, action, streams) => {
    const hasToken = bearerToken(request.headers) !== undefined;
    const endMs = hasToken ? undefined : await expiresAtMs(request);
    if (endMs === undefined) return await next(request, action, streams);
    if (isSafe(request) || isFromOwnPage(request)) return { expiresAtMs: endMs };
    return refuseForeignPage();
  };
}

/** What a login needs. */
interface Login extends SessionsOptions {
  readonly now: () => number;
  readonly cookies: SessionCookies | undefined;
  readonly attempts: RateLimit;
  readonly code: LoginCode;
}

async function logIn(request: Request, info: RequestInfo, login: Login): Promise<Response> {
  const { cookies, attempts, addressOf, now } = login;
  if (cookies === undefined) {
    return refuse(
      "disabled",
      "Logging in is disabled on this server; set PUBLISH_TOKEN to enable it",
    );
  }
  const waitSeconds = attempts.take(addressBlock(addressOf(request, info)));
  if (waitSeconds > 0) {
    return refuse("logins", "Too many login attempts come from this address; see Retry-After", {
      "retry-after": `${waitSeconds}`,
    });
  }
  const credential = await readCredential(request);
  if (credential instanceof Response) return credential;
  const refusal = await refuseWrong(credential, login);
  if (refusal !== undefined) return refusal;
  const value = await cookies.sign(now() + SESSION_MS);
  return setCookie(`${value}; Max-Age=${SESSION_MS / 1_000}${cookieAttributes(request, login)}`);
}

/** What opens a session. */
interface Credential {
  readonly name: "token" | "code";
  readonly value: string;
}

/** Answers a wrong credential; `undefined` if it is right. A right code is used up. */
async function refuseWrong(
  { name, value }: Credential,
  { publishToken = "", code }: Login,
): Promise<Response | undefined> {
  if (name === "token") {
    const isRight = await matchesToken(value, await hashToken(publishToken));
    return isRight
      ? undefined
      : unauthorized("wrong_login", "This is not the publish token (PUBLISH_TOKEN)");
  }
  if (await code.redeem(value)) return undefined;
  return unauthorized(
    "wrong_login",
    "The code is wrong, was used before or is older than 60 seconds; use the publish token",
  );
}

function logOut(request: Request, options: SessionsOptions): Response {
  return setCookie(`; Max-Age=0${cookieAttributes(request, options)}`);
}

function describeSession(expiresAt: number | undefined): Response {
  if (expiresAt === undefined) {
    return unauthorized("no_session", "There is no session; log in first");
  }
  return Response.json({ expiresAt }, { headers: { "cache-control": "no-store" } });
}

/** Below `/session/` the browser would send the cookie to nothing else (RFC 6265, section 5.1.4). */
function redirectUp({ url }: Request): Response | undefined {
  if (!rawPath(url).endsWith("/")) return undefined;
  return new Response(null, { status: 308, headers: { location: "../session" } });
}

async function readCredential(request: Request): Promise<Credential | Response> {
  const refusal = () => refuse("body", 'Send {"token": "…"} as application/json');
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) return refusal();
  const text = await readBody(request, MAX_BODY_BYTES);
  if (text instanceof Response) return text;
  try {
    const { token, code } = JSON.parse(text);
    if (typeof token === "string") return { name: "token", value: token };
    return typeof code === "string" ? { name: "code", value: code } : refusal();
  } catch {
    // A body that is no JSON, or no object, has no token.
    return refusal();
  }
}

function cookieAttributes(
  { headers }: Request,
  { tlsCert, trustProxy }: SessionsOptions,
): string {
  const isForwarded = trustProxy > 0 && headers.get("x-forwarded-proto") === "https";
  const isSecure = tlsCert !== undefined || isForwarded;
  // No Path: the browser takes the folder of /session as it sees it, so that the cookie reaches every
  // route also below a path that a proxy strips (RFC 6265, section 5.1.4).
  return `; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
}

function setCookie(value: string): Response {
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": `${SESSION_COOKIE}=${value}`, "cache-control": "no-store" },
  });
}

function unauthorized(reason: "wrong_login" | "no_session", detail: string): Response {
  return refuse(reason, detail, { "www-authenticate": 'Bearer realm="sse-hub"' });
}
