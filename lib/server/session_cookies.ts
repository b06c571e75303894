/**
 * The values of the session cookie: the end of the session, and a signature of that end.
 *
 * @module
 */

import { toHex } from "../wire/byte_text.ts";
import { hashToken, matchesToken } from "./bearer_token.ts";

/** The name of the cookie. Its value is signed here, or is a JSON Web Token. */
export const SESSION_COOKIE = "sse_session";

/**
 * Signs the values of session cookies and verifies them.
 *
 * Sessions are stored nowhere: the key is derived from the publish token, so a session outlives a
 * restart and ends when the token changes.
 */
export class SessionCookies {
  readonly #publishToken: string;
  readonly #now: () => number;
  #key: Promise<CryptoKey> | undefined;

  /** Derives the key when it is first needed. `now` gives the time in milliseconds since 1970. */
  constructor(publishToken: string, now: () => number) {
    this.#publishToken = publishToken;
    this.#now = now;
  }

  /** Makes the value of a session that ends at `expiresAtMs`, in milliseconds since 1970. */
  async sign(expiresAtMs: number): Promise<string> {
    return `${expiresAtMs}.${await this.#signature(expiresAtMs)}`;
  }

  /**
   * Finds when a request's session ends, in milliseconds since 1970.
   *
   * @returns `undefined` if the request has no session, or only sessions that are forged or have ended.
   */
  async expiresAtMs(headers: Headers): Promise<number | undefined> {
    // A browser sends several where cookies were set for several paths.
    const values = [...(headers.get("cookie") ?? "").matchAll(VALUES)].slice(0, MAX_COOKIES);
    for (const [, end, signature = ""] of values) {
      const expiresAtMs = Number(end);
      if (expiresAtMs <= this.#now()) continue;
      const expected = await hashToken(await this.#signature(expiresAtMs));
      if (await matchesToken(signature, expected)) return expiresAtMs;
    }
    return undefined;
  }

  async #signature(expiresAtMs: number): Promise<string> {
    const text = new TextEncoder().encode(`session until ${expiresAtMs}`);
    this.#key ??= deriveKey(this.#publishToken);
    return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", await this.#key, text)));
  }
}

/** The JSON Web Tokens among a request's session cookies. */
export function jwtSessions(headers: Headers): readonly string[] {
  const matches = [...(headers.get("cookie") ?? "").matchAll(JWTS)].slice(0, MAX_COOKIES);
  return matches.map(([, token = ""]) => token);
}

const JWTS = new RegExp(`(?:^|;)\\s*${SESSION_COOKIE}=([\\w-]+\\.[\\w-]+\\.[\\w-]+)(?=;|$)`, "g");
const VALUES = new RegExp(`(?:^|;)\\s*${SESSION_COOKIE}=(\\d{1,15})\\.([0-9a-f]{64})(?=;|$)`, "g");
const MAX_COOKIES = 4;

async function deriveKey(publishToken: string): Promise<CryptoKey> {
  const secret = (await hashToken(`session ${publishToken}`)).slice();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
}
