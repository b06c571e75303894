/**
 * Reads the key that verifies JSON Web Tokens from the text of a setting.
 *
 * @module
 */

import { describeWeakSecret } from "./weak_secret.ts";

/** A key that verifies tokens, bound to its one algorithm. */
export interface JwtKey {
  /** The only `alg` that a token's header may have. */
  readonly algorithm: "HS256" | "ES256";
  /** The key, usable for `verify` only. */
  readonly cryptoKey: CryptoKey;
}

/**
 * Imports the key that verifies tokens.
 *
 * @param text An ES256 public key as PEM (SPKI, curve P-256), whose line breaks may be written as `\n`;
 * or an HS256 secret of 32 bytes or more (RFC 7518, section 3.2), used unchanged, in UTF-8. See
 * {@linkcode explainJwtKey} for the texts that are rejected.
 * @throws {TypeError} If the text is neither. The message never repeats the text.
 */
export async function importJwtKey(text: string): Promise<JwtKey> {
  const fault = explainJwtKey(text);
  if (fault !== undefined) {
    throw new TypeError(`Cannot import JWT key: expected ${JWT_KEY_EXPECTED}, got ${fault}`);
  }
  const [, base64] = PUBLIC_KEY.exec(unescapePem(text)) ?? [];
  if (base64 === undefined) {
    return { algorithm: "HS256", cryptoKey: await importKey("raw", utf8(text), HS256) };
  }
  try {
    const bytes = Uint8Array.fromBase64(base64);
    return { algorithm: "ES256", cryptoKey: await importKey("spki", bytes, ES256) };
  } catch {
    // The runtime's message speaks of the inside of the key, and not of what to provide instead.
    throw new TypeError(
      `Cannot import JWT key: expected ${JWT_KEY_EXPECTED}, got ` +
        "a public key that is damaged or not on the curve P-256",
    );
  }
}

/** Describes the keys that {@linkcode importJwtKey} accepts, for messages. */
export const JWT_KEY_EXPECTED =
  "an HS256 secret of 32 bytes or more, or an ES256 public key as PEM (-----BEGIN PUBLIC KEY-----, " +
  "SPKI, P-256)";

/**
 * Says why a text is neither a secret nor a public key as PEM. A text that others may know is not a
 * secret: a URL, a file's path, a certificate, or a public key in any form but PEM. Anybody who knows
 * the text could sign tokens that grant everything.
 *
 * @returns What the text is instead, such as `a URL`; `undefined` if the text may be a key.
 */
export function explainJwtKey(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return `a text of more than ${MAX_CHARACTERS} characters`;
  if (PUBLIC_KEY.test(unescapePem(text))) return undefined;
  const [end] = ENDS.exec(text) ?? [];
  if (end !== undefined) {
    return `a text with ${QUOTES.test(end) ? "quotes" : "white space"} at its ends`;
  }
  const known = describeWeakSecret(text);
  if (known !== undefined) return known;
  const { length } = utf8(text);
  if (length < 32) return `a text of ${length} bytes`;
  return new Set(text).size < 8 ? "a text of fewer than 8 different characters" : undefined;
}

/** Restores the line breaks of a PEM that an environment file writes as `\n`. */
export function unescapePem(text: string): string {
  return /-----BEGIN /.test(text) ? text.replace(/(?:\\r)?\\n/g, "\n") : text;
}

const PUBLIC_KEY = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;
const HS256 = { name: "HMAC", hash: "SHA-256" };
const ES256 = { name: "ECDSA", namedCurve: "P-256" };

// Bounds the time that the patterns take; a public key has 200 characters.
const MAX_CHARACTERS = 8_192;

// A line break that is written as `\n` is white space as well.
const ENDS = /^(?:["'`“”‘’]|\s|\\[nrt])|(?:["'`“”‘’]|\s|\\[nrt])$/;
const QUOTES = /["'`“”‘’]/;

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function importKey(
  format: "raw" | "spki",
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: typeof HS256 | typeof ES256,
): Promise<CryptoKey> {
  return crypto.subtle.importKey(format, bytes, algorithm, false, ["verify"]);
}
