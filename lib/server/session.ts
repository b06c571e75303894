/**
 * The operator's session: the publish token opens it once, or a code that the server prints at its
 * terminal, and from then on a signed cookie stands for the token. A JSON Web Token whose rights have
 * `admin` opens it as well, and is itself the cookie.
 *
 * @module
 */

import { type Authorize, covers, firstUncovered, type Grant, type Rights } from "./authorize.ts";
import { bearerToken } from "./bearer_token.ts";
import { isFromOwnPage, isSafe, refuseForeignPage } from "./csrf.ts";
import { addressBlock } from "./ip_address.ts";
import { jsonAnswer } from "./json_answer.ts";
import { type Login, openSession, unauthorized } from "./login.ts";
import { LoginCode } from "./login_code.ts";
import { RateLimit } from "./rate_limit.ts";
import { refuse } from "./refusal.ts";
import { type Handler, rawPath, type RequestInfo, type Route } from "./router.ts";
import { jwtSessions, SESSION_COOKIE, SessionCookies } from "./session_cookies.ts";
import { type AcceptedTokens, refuseScope } from "./token_refusal.ts";

/** Options of {@linkcode createSessions}. */
export interface SessionsOptions extends Pick<AcceptedTokens, "jwt"> {
  /** The token that opens a session; without it only JSON Web Tokens do. */
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
   * it ends and how far it opens the console, in `admin`.
   */
  readonly route: Route;
  /**
   * Makes a code that opens one session within 60 seconds, in place of the one before it; `undefined`
   * without a publish token.
   */
  readonly createLoginCode: () => string | undefined;
  /**
   * Grants a session what the token grants that opened it, but changes only from this server's pages. A request without a session is decided by `next`, and so is a request with a Bearer token.
   * Another scheme in `Authorization`, such as the Basic that a proxy adds, changes nothing.
   */
  readonly authorizeFirst: (next: Authorize) => Authorize;
}

/** Makes sessions of 12 hours; a JSON Web Token that expires earlier ends its session then. */
export function createSessions(options: SessionsOptions): Sessions {
  const { publishToken, now = Date.now } = options;
  const cookies = publishToken === undefined ? undefined : new SessionCookies(publishToken, now);
  const attempts = new RateLimit(ATTEMPTS_PER_SECOND, { burst: ATTEMPTS_AT_ONCE });
  const code = new LoginCode(now);
  const login = { ...options, now, cookies, attempts, code };
  const find = (request: Request) => findSession(request, login);
  return {
    createLoginCode: () => cookies && code.issue(),
    authorizeFirst: (next) => authorizeBySession(find, options, next),
    route: {
      POST: (request, info) => redirectUp(request) ?? logIn(request, info, login),
      DELETE: (request) => redirectUp(request) ?? logOut(request, options),
      GET: async (request) => describeSession(await find(request)),
    },
  };
}

const ATTEMPTS_AT_ONCE = 5;
const ATTEMPTS_PER_SECOND = 0.1;
const EVERYTHING: Rights = { subscribe: ["*"], publish: ["*"], admin: "write" };

/** An open session. */
interface Session {
  readonly expiresAtMs: number;
  readonly rights: Rights;
  /** Who has it, if a JSON Web Token says so. */
  readonly bearer?: Pick<Grant, "subject" | "tokenId">;
}

async function findSession(
  { headers }: Request,
  { cookies, jwt, now }: Login,
): Promise<Session | undefined> {
  const expiresAtMs = await cookies?.expiresAtMs(headers);
  if (expiresAtMs !== undefined) return { expiresAtMs, rights: EVERYTHING };
  for (const token of jwt ? jwtSessions(headers) : []) {
    const result = await jwt!.verify(token, now() / 1_000);
    if ("fault" in result || result.admin === undefined) continue;
    const { subject, tokenId } = result;
    const bearer = {
      ...subject !== undefined && { subject },
      ...tokenId !== undefined && { tokenId },
    };
    return { expiresAtMs: result.expiresAtSeconds * 1_000, rights: result, bearer };
  }
  return undefined;
}

function authorizeBySession(
  find: (request: Request) => Promise<Session | undefined>,
  tokens: AcceptedTokens,
  next: Authorize,
): Authorize {
  const authorize: Authorize = async (request, action, streams) => {
    const session = await find(request);
    if (session === undefined) return await next(request, action, streams);
    if (!isSafe(request) && !isFromOwnPage(request)) return refuseForeignPage();
    const { expiresAtMs, rights, bearer } = session;
    return covers(rights, action, streams)
      ? { expiresAtMs, ...bearer }
      : refuseScope(action, firstUncovered(rights, { action, streams }), tokens);
  };
  return (request, action, streams) => {
    const { headers } = request;
    const mayHaveSession = headers.has("cookie") && bearerToken(headers) === undefined;
    return mayHaveSession ? authorize(request, action, streams) : next(request, action, streams);
  };
}

/** What a login needs, and what counts its attempts. */
type SessionsLogin = SessionsOptions & Login & { readonly attempts: RateLimit };

async function logIn(request: Request, info: RequestInfo, login: SessionsLogin): Promise<Response> {
  const { cookies, jwt, attempts, addressOf } = login;
  if (cookies === undefined && jwt === undefined) {
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
  const opened = await openSession(request, login);
  if (opened instanceof Response) return opened;
  const { value, seconds } = opened;
  return setCookie(`${value}; Max-Age=${seconds}${cookieAttributes(request, login)}`);
}

function logOut(request: Request, options: SessionsOptions): Response {
  return setCookie(`; Max-Age=0${cookieAttributes(request, options)}`);
}

function describeSession(session: Session | undefined): Response {
  if (session === undefined) {
    return unauthorized("no_session", "There is no session; log in first");
  }
  const { expiresAtMs, rights: { admin } } = session;
  return jsonAnswer({ expiresAt: expiresAtMs, admin });
}

/** Below `/session/` the browser would send the cookie to nothing else (RFC 6265, section 5.1.4). */
function redirectUp({ url }: Request): Response | undefined {
  if (!rawPath(url).endsWith("/")) return undefined;
  return new Response(null, { status: 308, headers: { location: "../session" } });
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
