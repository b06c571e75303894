/**
 * The algorithms that tokens may be signed with, as Web Crypto names them.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-3.1 RFC 7518, section 3.1}, and for EdDSA
 * {@link https://www.rfc-editor.org/rfc/rfc8037 RFC 8037}
 *
 * @module
 */

/** The parameters of Web Crypto for each algorithm: to import a key, to sign and to verify. */
export const jwtAlgorithms = {
  HS256: { name: "HMAC", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
} as const satisfies Readonly<Record<JwtAlgorithm, object>>;

/** The `alg` of a token's header. `EdDSA` means Ed25519. */
export type JwtAlgorithm = "HS256" | "RS256" | "PS256" | "ES256" | "EdDSA";

/**
 * The algorithm that a header's `alg` names; `undefined` for any other.
 *
 * @param alg Ed25519 has two names: `EdDSA`, and `Ed25519` (RFC 9864).
 */
export function algorithmOf(alg: unknown): JwtAlgorithm | undefined {
  if (alg === "Ed25519") return "EdDSA";
  const isKnown = typeof alg === "string" && Object.hasOwn(jwtAlgorithms, alg);
  return isKnown ? alg as JwtAlgorithm : undefined;
}
