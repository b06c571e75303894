/**
 * What opens a session of the console: the publish token, a code that the server prints at its terminal,
 * or a JSON Web Token.
 *
 * @module
 */

import { hashToken, matchesToken } from "./bearer_token.ts";
import type { LoginCode } from "./login_code.ts";
import { refuse } from "./refusal.ts";
import { readBody } from "./request_body.ts";
import type { SessionCookies } from "./session_cookies.ts";
import { type AcceptedTokens, refuseScope, refuseToken } from "./token_refusal.ts";

/** What a login needs. */
export interface Login extends Pick<AcceptedTokens, "publishToken" | "jwt"> {
  /** Gives the time, in milliseconds since 1970. */
  readonly now: () => number;
  /** Signs sessions of the publish token; `undefined` without one. */
  readonly cookies: SessionCookies | undefined;
  /** The code that was printed last. */
  readonly code: LoginCode;
}

const SESSION_MS = 12 * 3_600_000;
/** What a browser keeps as a cookie is bounded, and a JSON Web Token becomes one. */
const MAX_BODY_BYTES = 4_096;

/** What opens a session. */
interface Credential {
  readonly name: "token" | "code";
  readonly value: string;
}

/** The cookie of a session. */
export interface SessionCookie {
  /** Its value. */
  readonly value: string;
  /** How long the browser keeps it, in seconds. */
  readonly seconds: number;
}

/** Makes the cookie, or answers a wrong credential. A right code is used up. */
export async function openSession(
  request: Request,
  login: Login,
): Promise<SessionCookie | Response> {
  const credential = await readCredential(request);
  if (credential instanceof Response) return credential;
  const { name, value } = credential;
  const { publishToken = "", cookies, code, now } = login;
  if (cookies !== undefined) {
    const isRight = name === "code"
      ? await code.redeem(value)
      : await matchesToken(value, await hashToken(publishToken));
    if (isRight) {
      return { value: await cookies.sign(now() + SESSION_MS), seconds: SESSION_MS / 1_000 };
    }
  }
  if (name === "token") return await openJwtSession(value, login);
  return unauthorized(
    "wrong_login",
    "The code is wrong, was used before or is older than 60 seconds; use the publish token",
  );
}

/** Makes a JSON Web Token the cookie, if its rights open the console. */
async function openJwtSession(token: string, login: Login): Promise<SessionCookie | Response> {
  const { publishToken, jwt, now } = login;
  const result = await jwt?.verify(token, now() / 1_000);
  if (result === undefined) return unauthorized("wrong_login", WRONG_TOKEN);
  if ("fault" in result) {
    return UNTOLD.includes(result.fault)
      ? unauthorized("wrong_login", publishToken === undefined ? WRONG_JWT : WRONG_BOTH)
      : refuseToken([token], result, login);
  }
  if (result.admin === undefined) return refuseScope("admin", "", login);
  const seconds = Math.min(SESSION_MS / 1_000, Math.ceil(result.expiresAtSeconds - now() / 1_000));
  return { value: token, seconds };
}

/** Faults of a token that tell its sender nothing. */
const UNTOLD: readonly string[] = ["malformed", "header", "key", "signature"];
const WRONG_TOKEN = "This is not the publish token (PUBLISH_TOKEN)";
const WRONG_JWT = "This is not a JSON Web Token of this server";
const WRONG_BOTH =
  "This is neither the publish token (PUBLISH_TOKEN) nor a JSON Web Token of this server";

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

/** Answers a request without a credential that is right. */
export function unauthorized(reason: "wrong_login" | "no_session", detail: string): Response {
  return refuse(reason, detail, { "www-authenticate": 'Bearer realm="sse-hub"' });
}
