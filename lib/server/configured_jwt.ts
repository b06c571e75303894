/**
 * The verification of JSON Web Tokens, as a configuration has it.
 *
 * @module
 */

import type { Config } from "./config.ts";
import { JwksSource, type JwksSourceOptions } from "./jwks_source.ts";
import { importJwtKeys } from "./jwt_key.ts";
import { JwtVerifier } from "./jwt_verifier.ts";

/** The settings of JSON Web Tokens. */
export type JwtConfig = Pick<
  Config,
  "jwtKey" | "jwksUrl" | "jwtIssuers" | "jwtAudiences" | "jwtLeewaySeconds" | "jwtClaim"
>;

/** What verifies tokens, and where its keys come from. */
export interface ConfiguredJwt {
  /** Verifies tokens. */
  readonly verifier: JwtVerifier;
  /** The keys at `JWKS_URL`. */
  readonly source: JwksSource | undefined;
  /** Fetches no more keys. Resolves when nothing is under way. May be called twice. */
  readonly close: () => Promise<void>;
}

/**
 * Makes what verifies tokens; with `JWKS_URL` its keys are fetched from now on.
 *
 * @param hooks What to call when the keys change, or can't be fetched.
 * @returns `undefined` without `JWT_KEY` and `JWKS_URL`.
 */
export function configureJwt(
  config: JwtConfig,
  hooks: Pick<JwksSourceOptions, "onChange" | "onFault"> = {},
): ConfiguredJwt | undefined {
  const { jwtKey, jwksUrl } = config;
  if (jwtKey === undefined && jwksUrl === undefined) return undefined;
  const keys = jwtKey === undefined ? undefined : importJwtKeys(jwtKey);
  const source = jwksUrl === undefined ? undefined : new JwksSource({ url: jwksUrl, ...hooks });
  const rules = {
    issuers: config.jwtIssuers,
    audiences: config.jwtAudiences,
    leewaySeconds: config.jwtLeewaySeconds,
    claim: config.jwtClaim,
  };
  const close = async () => {
    source?.close();
    await Promise.allSettled([keys, source?.refresh()]);
  };
  return { verifier: new JwtVerifier({ keys, source, rules }), source, close };
}
