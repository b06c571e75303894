/**
 * The one place that decides whether a JSON Web Token is valid: by the keys of a setting, by those at a
 * URL, and by the rules for claims.
 *
 * @module
 */

import type { JwksSource } from "./jwks_source.ts";
import { algorithmOf } from "./jwt_algorithm.ts";
import {
  type ClaimRules,
  type Claims,
  type JwtRefusal,
  parseJwt,
  refuseJwt,
  verifyJwt,
} from "./jwt.ts";
import type { JwtKey } from "./verifying_key.ts";

/** What a {@linkcode JwtVerifier} verifies with. */
export interface JwtVerifierOptions {
  /** The keys that never change. */
  readonly keys?: readonly JwtKey[] | Promise<readonly JwtKey[]> | undefined;
  /** The keys at a URL. The verifier does not close it. */
  readonly source?: JwksSource | undefined;
  /** What claims must be. */
  readonly rules?: ClaimRules;
}

/** Verifies tokens. */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions;

  /** Verifies with these keys and rules. */
  constructor(options: JwtVerifierOptions) {
    this.#options = options;
  }

  /**
   * Changes whenever a key is added or gone. What `verify()` said before a change may hold no longer:
   * whoever remembers an answer reads this number before it asks, and asks again once it differs.
   */
  get keysVersion(): number {
    return this.#options.source?.version ?? 0;
  }

  /** The name of the claim with the rights. */
  get claim(): string {
    return this.#options.rules?.claim ?? "sse";
  }

  /** The settings that the keys come from, for messages. */
  get keyNames(): string {
    const { keys, source } = this.#options;
    if (source === undefined) return "the key of JWT_KEY";
    return keys === undefined ? "a key of JWKS_URL" : "a key of JWT_KEY or JWKS_URL";
  }

  /**
   * Verifies a token, and reads its claims. If the token names a key that is not known, the keys at the
   * URL are fetched first, at most once a minute.
   *
   * @param nowSeconds The time, in seconds since 1970.
   * @returns The claims, or the refusal; see {@linkcode verifyJwt}.
   */
  async verify(token: string, nowSeconds: number): Promise<Claims | JwtRefusal> {
    const { source, rules } = this.#options;
    const result = await verifyJwt(token, await this.keys(), nowSeconds, rules);
    if (source === undefined || !mayBeOfSource(token, result, source.keys)) return result;
    const before = source.version;
    await source.refreshForUnknown();
    if (source.keys.length === 0) {
      return refuseJwt("unavailable", "The keys that verify tokens are unreachable (JWKS_URL)");
    }
    if (source.version === before) return result;
    return await verifyJwt(token, await this.keys(), nowSeconds, rules);
  }

  /** The keys that are known at present: those that never change, then those of the URL. */
  async keys(): Promise<readonly JwtKey[]> {
    const { keys = [], source } = this.#options;
    return [...await keys, ...source?.keys ?? []];
  }
}

/**
 * Whether fetching keys could help a refused token: one that names a key that the URL has not, or any
 * token of a public key while there are no keys. The URL has no secrets, so HS256 is never of it.
 */
function mayBeOfSource(
  token: string,
  result: Claims | JwtRefusal,
  keys: readonly JwtKey[],
): boolean {
  if (!("fault" in result && (result.fault === "key" || result.fault === "signature"))) {
    return false;
  }
  const { alg, kid } = parseJwt(token)?.header ?? {};
  if (algorithmOf(alg) === "HS256") return false;
  return keys.length === 0 || typeof kid === "string" && !keys.some(({ id }) => id === kid);
}
