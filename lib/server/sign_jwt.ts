/**
 * Signs JSON Web Tokens, for the operator who has the key. The server itself only verifies tokens: see
 * `jwt.ts`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515 RFC 7515}
 *
 * @module
 */

import { fromBase64, toBase64Url } from "../wire/byte_text.ts";
import { type JwtAlgorithm, jwtAlgorithms } from "./jwt_algorithm.ts";
import { explainJwtKey, unescapePem } from "./jwt_key.ts";

/** A key that signs tokens. */
export interface SigningKey {
  /** The `alg` of the tokens' headers. */
  readonly algorithm: JwtAlgorithm;
  /** The key, usable for `sign` only. */
  readonly cryptoKey: CryptoKey;
}

/**
 * Imports an HS256 secret.
 *
 * @throws {TypeError} If the text may not be a secret, such as a public key; see `explainJwtKey()`.
 */
export async function importSecret(text: string): Promise<SigningKey> {
  const fault = explainJwtKey(text);
  if (fault !== undefined) {
    throw new TypeError(`Cannot import secret: expected 32 bytes or more, got ${fault}`);
  }
  const secret = new TextEncoder().encode(text);
  const { HS256 } = jwtAlgorithms;
  const cryptoKey = await crypto.subtle.importKey("raw", secret, HS256, false, ["sign"]);
  return { algorithm: "HS256", cryptoKey };
}

/**
 * Imports a private key: of P-256 for ES256, of Ed25519 for EdDSA, or of RSA for RS256.
 *
 * @param text PEM in PKCS #8, whose line breaks may be written as `\n`.
 * @throws {TypeError} If the text is anything else. The message never repeats the text.
 */
export async function importPrivateKey(text: string): Promise<SigningKey> {
  const [, base64] = PRIVATE_KEY.exec(unescapePem(text)) ?? [];
  for (const algorithm of base64 === undefined ? [] : PEM_ALGORITHMS) {
    const cryptoKey = await importPkcs8(base64!, algorithm);
    if (cryptoKey !== undefined) return { algorithm, cryptoKey };
  }
  throw new TypeError(
    "Cannot import private key: expected PEM that begins with -----BEGIN PRIVATE KEY----- (PKCS #8; " +
      "RSA, P-256 or Ed25519); openssl pkcs8 -topk8 -nodes -in <file> converts other forms",
  );
}

const PEM_ALGORITHMS = ["ES256", "EdDSA", "RS256"] as const;

async function importPkcs8(
  base64: string,
  algorithm: JwtAlgorithm,
): Promise<CryptoKey | undefined> {
  try {
    const bytes = fromBase64(base64);
    const parameters = jwtAlgorithms[algorithm];
    return await crypto.subtle.importKey("pkcs8", bytes, parameters, false, ["sign"]);
  } catch {
    // Another kind of key. The runtime's message speaks of the inside of the key.
    return undefined;
  }
}

const PRIVATE_KEY =
  /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/;

/** Signs claims, and returns the token in compact form (RFC 7515, section 7.1). */
export async function signJwt(claims: unknown, key: SigningKey): Promise<string> {
  const header = { alg: key.algorithm, typ: "JWT" };
  const signed = [header, claims].map((part) => toBase64Url(utf8(JSON.stringify(part)))).join(".");
  const parameters = jwtAlgorithms[key.algorithm];
  const signature = await crypto.subtle.sign(parameters, key.cryptoKey, utf8(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
