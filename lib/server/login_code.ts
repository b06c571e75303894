/**
 * A code that opens one session of the console, for the person at the server's terminal.
 *
 * @module
 */

import { toBase64Url } from "../wire/byte_text.ts";
import { hashToken, matchesToken } from "./bearer_token.ts";

/** How long a code is good for, in milliseconds. */
export const LOGIN_CODE_MS = 60_000;

/** At most one code at a time, good once and for {@linkcode LOGIN_CODE_MS}. */
export class LoginCode {
  readonly #now: () => number;
  #current: { readonly hash: Promise<Uint8Array>; readonly endMs: number } | undefined;

  /** Begins without a code. `now` gives the time in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Makes a code of 128 random bits; the one before it is no longer good. */
  issue(): string {
    const code = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    this.#current = { hash: hashToken(code), endMs: this.#now() + LOGIN_CODE_MS };
    return code;
  }

  /**
   * Whether a code is the one that was made, and is still good; from then on it no longer is. The time
   * that this takes reveals nothing about the code.
   */
  async redeem(code: string): Promise<boolean> {
    const current = this.#current;
    if (current === undefined) return false;
    const isRight = await matchesToken(code, await current.hash);
    // Another request may have redeemed the code meanwhile.
    if (!isRight || this.#current !== current) return false;
    this.#current = undefined;
    return this.#now() < current.endMs;
  }
}
