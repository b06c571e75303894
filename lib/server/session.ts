/**
 * The operator's session: the publish token once, then a signed cookie.
 *
 * @module
 */

import { problem } from "../problem.ts";
import {
  type Authorize,
  bearerToken,
  hashToken,
  isFromOwnPage,
  isSafe,
  matchesToken,
  refuseForeignPage,
} from "./access.ts";
import { addressBlock } from "./ip_address.ts";
import { RateLimit } from "./rate_limit.ts";
import { readBody } from "./request_body.ts";
import { type Handler, rawPath, type Route } from "./router.ts";

/** Options of {@linkcode createSessions}. */
export interface SessionsOptions {
  /** The token that opens a session; without one nobody gets in. */
  readonly publishToken: string | undefined;
  /** The server's certificate, if it speaks TLS itself: the cookie then travels by nothing else. */
  readonly tlsCert: string | undefined;
  /** How many proxies are believed, also when they say that the client speaks TLS. */
  readonly trustProxy: number;
  /** Finds the client's address; login attempts are counted for its block. */
  readonly addressOf: (...request: Parameters<Handler>) => string;
  /** Gives the time, in milliseconds since 1970. */
  readonly now?: () => number;
}

/** The login, and what it is good for. */
export interface Sessions {
  /** `POST` with `{"token": "…"}` opens a session, `DELETE` ends it, `GET` says until when it lasts. */
  readonly route: Route;
  /**
   * Lets a session do everything that the publish token may, from the own pages; else asks `next`. A
   * Bearer token takes the session's place; what a proxy adds in another scheme does not.
   */
  readonly authorizeFirst: (next: Authorize) => Authorize;
}

/**
 * Makes sessions of 12 hours. They are kept nowhere: the cookie holds its end, signed with a key made
 * of the publish token, so that it outlives a restart and ends with a change of the token.
 */
export function createSessions(options: SessionsOptions): Sessions {
  const { publishToken, tlsCert, trustProxy, addressOf, now = Date.now } = options;
  const attempts = new RateLimit(ATTEMPTS_PER_SECOND, { burst: ATTEMPTS_AT_ONCE });
  let key: Promise<CryptoKey> | undefined;

  function attributes({ headers }: Request): string {
    const isForwarded = trustProxy > 0 && headers.get("x-forwarded-proto") === "https";
    const isSecure = tlsCert !== undefined || isForwarded;
    // No Path: the browser takes the folder of /session as it sees it, so that the cookie reaches every
    // route also below a path that a proxy strips (RFC 6265, section 5.1.4).
    return `; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
  }

  async function open(...[request, info]: Parameters<Handler>): Promise<Response> {
    if (publishToken === undefined) return problem(403, "This is closed here");
    const waitSeconds = attempts.take(addressBlock(addressOf(request, info)));
    if (waitSeconds > 0) {
      return problem(429, "Too many attempts", { "retry-after": `${waitSeconds}` });
    }
    const token = await readToken(request);
    if (token instanceof Response) return token;
    if (!await matchesToken(token, await hashToken(publishToken))) {
      return problem(401, "This is not the token", {
        "www-authenticate": 'Bearer realm="sse-hub"',
      });
    }
    const expiresAtMs = now() + SESSION_MS;
    const value = `${expiresAtMs}.${await sign(publishToken, expiresAtMs)}`;
    return cookie(`${COOKIE}${value}; Max-Age=${SESSION_MS / 1_000}${attributes(request)}`);
  }

  async function sign(publishToken: string, expiresAtMs: number): Promise<string> {
    const text = new TextEncoder().encode(`session until ${expiresAtMs}`);
    key ??= signingKey(publishToken);
    return new Uint8Array(await crypto.subtle.sign("HMAC", await key, text)).toHex();
  }

  /** When the request's session ends; `undefined` if it has none that is good. */
  async function expiresAt({ headers }: Request): Promise<number | undefined> {
    if (publishToken === undefined) return undefined;
    // Several, where cookies were set for several paths.
    const cookies = [...(headers.get("cookie") ?? "").matchAll(SESSION)].slice(0, MAX_COOKIES);
    for (const [, time, signature = ""] of cookies) {
      if (Number(time) <= now()) continue;
      const expected = await hashToken(await sign(publishToken, Number(time)));
      if (await matchesToken(signature, expected)) return Number(time);
    }
    return undefined;
  }

  const authorizeFirst = (next: Authorize): Authorize => async (request, action, streams) => {
    const hasToken = bearerToken(request.headers) !== undefined;
    const expiresAtMs = hasToken ? undefined : await expiresAt(request);
    if (expiresAtMs === undefined) return await next(request, action, streams);
    if (isSafe(request) || isFromOwnPage(request)) return { expiresAtMs };
    return refuseForeignPage();
  };

  return {
    authorizeFirst,
    route: {
      POST: (request, info) => redirectUp(request) ?? open(request, info),
      DELETE: (request) =>
        redirectUp(request) ?? cookie(`${COOKIE}; Max-Age=0${attributes(request)}`),
      async GET(request) {
        const time = await expiresAt(request);
        const headers = { "cache-control": "no-store" };
        return time === undefined
          ? problem(401, "There is no session", { "www-authenticate": 'Bearer realm="sse-hub"' })
          : Response.json({ expiresAt: time }, { headers });
      },
    },
  };
}

/** Below `/session/` the browser would send the cookie to nothing else (RFC 6265, section 5.1.4). */
function redirectUp({ url }: Request): Response | undefined {
  if (!rawPath(url).endsWith("/")) return undefined;
  return new Response(null, { status: 308, headers: { location: "../session" } });
}

const COOKIE = "sse_session=";
const SESSION = /(?:^|;)\s*sse_session=(\d{1,15})\.([0-9a-f]{64})(?=;|$)/g;
const MAX_COOKIES = 4;
const SESSION_MS = 12 * 3_600_000;
const ATTEMPTS_AT_ONCE = 5;
const ATTEMPTS_PER_SECOND = 0.1;

async function signingKey(publishToken: string): Promise<CryptoKey> {
  const secret = (await hashToken(`session ${publishToken}`)).slice();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
}

const MAX_BODY_BYTES = 1_024;

async function readToken(request: Request): Promise<string | Response> {
  const refusal = () => problem(400, 'Send {"token": "…"} as application/json');
  if (!/^application\/json\b/i.test(request.headers.get("content-type") ?? "")) return refusal();
  const text = await readBody(request, MAX_BODY_BYTES);
  if (text instanceof Response) return text;
  try {
    const { token } = JSON.parse(text);
    return typeof token === "string" ? token : refusal();
  } catch {
    // No JSON, or no object: there is no token in it.
    return refusal();
  }
}

function cookie(value: string): Response {
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": value, "cache-control": "no-store" },
  });
}
