/**
 * Keys that verify JSON Web Tokens, each bound to one algorithm.
 *
 * @module
 */

import { type JwtAlgorithm, jwtAlgorithms } from "./jwt_algorithm.ts";

/** A key that verifies tokens, bound to its one algorithm. */
export interface JwtKey {
  /** The only algorithm that a token's header may name. */
  readonly algorithm: JwtAlgorithm;
  /** The key's `kid`: the key verifies no token with another `kid`. Left out, the key has none. */
  readonly id?: string;
  /** The key, usable for `verify` only. */
  readonly cryptoKey: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
}

/** The bytes of a key, in a format of Web Crypto. */
export type KeyData =
  | { readonly format: "raw" | "spki"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly format: "jwk"; readonly jwk: Readonly<Record<string, string>> };

/**
 * Imports a key.
 *
 * @returns The key, or what is wrong with it: a key of RSA must have 2048 to 8192 bits (RFC 7518,
 * section 3.3) and an exponent of at most 32 bits. `undefined` if Web Crypto refuses the bytes.
 */
export async function importVerifyingKey(
  data: KeyData,
  algorithm: JwtAlgorithm,
): Promise<JwtKey | string | undefined> {
  try {
    const cryptoKey = await importCryptoKey(data, algorithm);
    // Deno imports points that are not on the curve, and throws only when such a key is used.
    await crypto.subtle.verify(jwtAlgorithms[algorithm], cryptoKey, NOTHING, NOTHING);
    return rsaFault(cryptoKey) ?? { algorithm, cryptoKey };
  } catch {
    // The runtime's message speaks of the inside of the key, and not of what to provide instead.
    return undefined;
  }
}

const NOTHING = new Uint8Array(64);

function importCryptoKey(data: KeyData, algorithm: JwtAlgorithm): Promise<CryptoKey> {
  const parameters = jwtAlgorithms[algorithm];
  return data.format === "jwk"
    ? crypto.subtle.importKey("jwk", data.jwk, parameters, false, ["verify"])
    : crypto.subtle.importKey(data.format, data.bytes, parameters, false, ["verify"]);
}

function rsaFault({ algorithm }: CryptoKey): string | undefined {
  const { modulusLength, publicExponent } = algorithm as Partial<RsaHashedKeyAlgorithm>;
  if (modulusLength === undefined || publicExponent === undefined) return undefined;
  if (modulusLength < 2_048) return `an RSA key of ${modulusLength} bits, fewer than 2048`;
  if (modulusLength > 8_192) return `an RSA key of ${modulusLength} bits, more than 8192`;
  // Each bit of the exponent makes a verification slower.
  return publicExponent.length > 4 ? "an RSA key with an exponent of more than 32 bits" : undefined;
}
