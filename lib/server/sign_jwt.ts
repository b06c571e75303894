/**
 * Signs JSON Web Tokens, for the operator who has the key. The server itself only verifies tokens: see
 * `jwt.ts`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515 RFC 7515}
 *
 * @module
 */

import { explainJwtKey, unescapePem } from "./jwt_key.ts";

/** A key that signs tokens. */
export interface SigningKey {
  /** The `alg` of the tokens' headers. */
  readonly algorithm: "HS256" | "ES256";
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
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const cryptoKey = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return { algorithm: "HS256", cryptoKey };
}

/**
 * Imports an ES256 private key.
 *
 * @param text PEM in PKCS #8, curve P-256, whose line breaks may be written as `\n`.
 * @throws {TypeError} If the text is anything else. The message never repeats the text.
 */
export async function importPrivateKey(text: string): Promise<SigningKey> {
  const [, base64] = PRIVATE_KEY.exec(unescapePem(text)) ?? [];
  try {
    if (base64 === undefined) throw new TypeError("Not PKCS #8");
    const bytes = Uint8Array.fromBase64(base64);
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const cryptoKey = await crypto.subtle.importKey("pkcs8", bytes, algorithm, false, ["sign"]);
    return { algorithm: "ES256", cryptoKey };
  } catch {
    // The runtime's message speaks of the inside of the key.
    throw new TypeError(
      "Cannot import private key: expected PEM that begins with -----BEGIN PRIVATE KEY----- (PKCS #8, " +
        "P-256); openssl pkcs8 -topk8 -nodes -in <file> converts other forms",
    );
  }
}

const PRIVATE_KEY =
  /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/;

/** Signs claims, and returns the token in compact form (RFC 7515, section 7.1). */
export async function signJwt(claims: unknown, key: SigningKey): Promise<string> {
  const header = { alg: key.algorithm, typ: "JWT" };
  const signed = [header, claims].map((part) => base64Url(utf8(JSON.stringify(part)))).join(".");
  const algorithm = key.algorithm === "HS256" ? "HMAC" : { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, key.cryptoKey, utf8(signed));
  return `${signed}.${base64Url(new Uint8Array(signature))}`;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
