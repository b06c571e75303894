/**
 * Whether a token is valid: the token of a setting, or a JSON Web Token with its claims. What a token
 * allows is decided in `authorize.ts`.
 *
 * @module
 */

import { hashToken, matchesToken } from "./bearer_token.ts";
import type { Claims, JwtRefusal } from "./jwt.ts";
import type { AcceptedTokens } from "./token_refusal.ts";
import { VerifiedTokens } from "./verified_tokens.ts";

/** Options of {@linkcode TokenChecks}. */
export interface TokenChecksOptions extends AcceptedTokens {
  /** Gives the time, in milliseconds since 1970. By default `Date.now()`. */
  readonly now?: () => number;
}

/** Verifies tokens, and remembers the valid ones: see {@linkcode VerifiedTokens}. */
export class TokenChecks {
  /** The tokens that may be valid. */
  readonly accepted: AcceptedTokens;
  readonly #now: () => number;
  readonly #publishToken: SettingToken;
  readonly #metricsToken: SettingToken;
  readonly #jwts: VerifiedTokens<Claims>;

  /**
   * Remembers no token yet.
   *
   * @throws {TypeError} If a token of a setting could not be sent in a header.
   */
  constructor(options: TokenChecksOptions) {
    const { publishToken, metricsToken, now = Date.now } = options;
    this.accepted = options;
    this.#now = now;
    this.#publishToken = new SettingToken("publish token", publishToken, now);
    this.#metricsToken = new SettingToken("metrics token", metricsToken, now);
    this.#jwts = new VerifiedTokens(now);
  }

  /** Whether a token is remembered as the publish token. */
  isKnownPublishToken(token: string): boolean {
    return this.#publishToken.isKnown(token);
  }

  /** Whether a token is the publish token or the metrics token; `undefined` if it is neither. */
  async settingOf(token: string): Promise<"publish" | "metrics" | undefined> {
    if (await this.#publishToken.isEqualTo(token)) return "publish";
    if (await this.#metricsToken.isEqualTo(token)) return "metrics";
    return undefined;
  }

  /** Whether a token is remembered as a JWT. */
  isKnownJwt(token: string): boolean {
    return this.#jwts.find(token, this.accepted.jwt?.keysVersion) !== undefined;
  }

  /** Reads the claims of a JWT; `undefined` if the server accepts no JWTs. */
  async readJwt(token: string): Promise<Claims | JwtRefusal | undefined> {
    const { jwt } = this.accepted;
    if (jwt === undefined) return undefined;
    // Read before the token is verified: a key may go meanwhile.
    const key = jwt.keysVersion;
    const known = this.#jwts.find(token, key);
    if (known !== undefined) return known;
    const result = await jwt.verify(token, this.#now() / 1_000);
    if ("fault" in result) return result;
    this.#jwts.add(token, { value: result, key, expiresAtMs: result.expiresAtSeconds * 1_000 });
    return result;
  }
}

/** Compares tokens with the token of a setting. */
class SettingToken {
  readonly #right: string | undefined;
  readonly #equal: VerifiedTokens<true>;
  #expected: Promise<Uint8Array> | undefined;

  constructor(name: string, right: string | undefined, now: () => number) {
    if (right !== undefined && !/^[!-~]+$/.test(right)) {
      throw new TypeError(`Cannot use ${name}: it must be printable ASCII without spaces`);
    }
    this.#right = right;
    this.#equal = new VerifiedTokens(now);
  }

  isKnown(token: string): boolean {
    return this.#equal.find(token, this.#right) ?? false;
  }

  async isEqualTo(token: string): Promise<boolean> {
    const right = this.#right;
    if (right === undefined) return false;
    if (this.isKnown(token)) return true;
    this.#expected ??= hashToken(right);
    const isEqual = await matchesToken(token, await this.#expected);
    if (isEqual) this.#equal.add(token, { value: true, key: right, expiresAtMs: Infinity });
    return isEqual;
  }
}
