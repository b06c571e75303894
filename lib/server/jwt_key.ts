/**
 * Reads the keys that verify JSON Web Tokens from the text of a setting.
 *
 * @module
 */

import { fromBase64 } from "../wire/byte_text.ts";
import { importJwk, readJwks } from "./jwk.ts";
import type { JwtAlgorithm } from "./jwt_algorithm.ts";
import { importVerifyingKey, type JwtKey } from "./verifying_key.ts";
import { describeWeakSecret } from "./weak_secret.ts";

export type { JwtKey };

/**
 * Imports the keys that verify tokens. During a rotation the text has the old and the new key.
 *
 * @param text Keys with line breaks between them, which may be written as `\n`. A key is an HS256 secret
 * of 32 bytes or more (RFC 7518, section 3.2), used unchanged, in UTF-8; or a public key as PEM (SPKI):
 * of P-256 for ES256, of Ed25519 for EdDSA, of RSA for RS256 and PS256. Or, in place of all that, a JWK
 * or a set of JWKs as JSON. See {@linkcode explainJwtKey} for the texts that are rejected.
 * @returns The keys; of an RSA key as PEM two, one for each of its algorithms.
 * @throws {TypeError} If the text has anything else in it. The message never repeats the text.
 */
export async function importJwtKeys(text: string): Promise<readonly JwtKey[]> {
  const fault = explainJwtKey(text);
  if (fault !== undefined) throw unusable(fault);
  const { pems, rest } = split(text);
  const others = readOthers(rest);
  const keys: JwtKey[] = [];
  for (const pem of pems) keys.push(...await importPem(pem));
  for (const secret of others.secrets) keys.push(...await importSecret(secret));
  for (const jwk of others.jwks) {
    const imported = await importJwk(jwk);
    if (typeof imported === "string") throw unusable(imported);
    keys.push(...imported);
  }
  return keys;
}

/** The secrets of a text, unless they are in JWKs. */
export function jwtSecrets(text: string): readonly string[] {
  return readOthers(split(text).rest).secrets;
}

/** Describes the texts that {@linkcode importJwtKeys} accepts, for messages. */
export const JWT_KEY_EXPECTED =
  "an HS256 secret of 32 bytes or more, or a public key of RSA, P-256 or Ed25519 as PEM " +
  "(-----BEGIN PUBLIC KEY-----) or JWK, or several keys with line breaks between them";

/**
 * Says why a text has no keys that verify tokens. A text that others may know is not a secret: a URL, a
 * file's path, a certificate, or a public key in any form but PEM and JWK. Anybody who knows the text
 * could sign tokens that grant everything.
 *
 * @returns What the text is instead, such as `a URL`; `undefined` if the text may have keys.
 */
export function explainJwtKey(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return `a text of more than ${MAX_CHARACTERS} characters`;
  const { pems, rest } = split(text);
  if (pems.length > 0 && rest.trim() === "") return undefined;
  const { jwks, secrets } = readOthers(rest);
  if (jwks.length > 0) return undefined;
  const [end] = ENDS.exec(text) ?? [];
  if (end !== undefined && (pems.length === 0 || QUOTES.test(end))) {
    return `a text with ${QUOTES.test(end) ? "quotes" : "white space"} at its ends`;
  }
  // A public key that lost a line of its armor stays one, however its other lines look.
  const known = describeWeakSecret(rest);
  if (known !== undefined) return known;
  if (secrets.length === 0) return explainSecret(rest);
  const faults = secrets.map(explainSecret);
  const at = faults.findIndex((fault) => fault !== undefined);
  const isOnly = secrets.length + pems.length === 1;
  return at < 0 || isOnly ? faults[at] : `${faults[at]} among several keys`;
}

function explainSecret(text: string): string | undefined {
  if (text !== text.trim()) return "a text with white space at its ends";
  const known = describeWeakSecret(text);
  if (known !== undefined) return known;
  const { length } = utf8(text);
  if (length < 32) return `a text of ${length} bytes`;
  return new Set(text).size < 8 ? "a text of fewer than 8 different characters" : undefined;
}

/** Restores the line breaks of a PEM that an environment file writes as `\n`. */
export function unescapePem(text: string): string {
  return /-----BEGIN /.test(text) ? text.replace(ESCAPED_BREAKS, "\n") : text;
}

/** The base64 of each PEM in a text, and what is beside them. */
function split(text: string): { readonly pems: readonly string[]; readonly rest: string } {
  const unescaped = unescapePem(text);
  const pems = Array.from(unescaped.matchAll(PUBLIC_KEYS), ([, base64]) => base64!);
  return { pems, rest: pems.length === 0 ? text : unescaped.replace(PUBLIC_KEYS, "\n") };
}

/** Keys that are not PEM. */
interface OtherKeys {
  readonly jwks: readonly unknown[];
  readonly secrets: readonly string[];
}

/** Reads what is beside the PEMs: JSON, or secrets in lines of their own. */
function readOthers(rest: string): OtherKeys {
  const jwks = rest.trim().startsWith("{") ? readJwks(rest) : [];
  if (typeof jwks === "object" && jwks.length > 0) return { jwks, secrets: [] };
  const lines = rest.replace(ESCAPED_BREAKS, "\n").split(/\r?\n/);
  return { jwks: [], secrets: lines.filter((line) => line.trim() !== "") };
}

async function importPem(base64: string): Promise<readonly JwtKey[]> {
  let fault: string | undefined;
  for (const algorithms of PEM_ALGORITHMS) {
    const keys: JwtKey[] = [];
    for (const algorithm of algorithms) {
      const key = await importSpki(base64, algorithm);
      if (typeof key === "object") keys.push(key);
      else fault ??= key;
    }
    if (keys.length > 0) return keys;
  }
  throw unusable(fault ?? "a public key that is damaged, or neither RSA, P-256 nor Ed25519");
}

const PEM_ALGORITHMS: readonly (readonly JwtAlgorithm[])[] = [
  ["ES256"],
  ["EdDSA"],
  ["RS256", "PS256"],
];

async function importSpki(
  base64: string,
  algorithm: JwtAlgorithm,
): Promise<JwtKey | string | undefined> {
  try {
    const bytes = fromBase64(base64);
    return await importVerifyingKey({ format: "spki", bytes }, algorithm);
  } catch {
    // Not base64, so no key.
    return undefined;
  }
}

async function importSecret(text: string): Promise<readonly JwtKey[]> {
  const key = await importVerifyingKey({ format: "raw", bytes: utf8(text) }, "HS256");
  return typeof key === "object" ? [key] : [];
}

function unusable(fault: string): TypeError {
  return new TypeError(`Cannot import JWT key: expected ${JWT_KEY_EXPECTED}, got ${fault}`);
}

const PUBLIC_KEYS = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/g;
const ESCAPED_BREAKS = /(?:\\r)?\\n/g;

// Bounds the time that the patterns take; a public key has 200 to 800 characters.
const MAX_CHARACTERS = 32_768;

// A line break that is written as `\n` is white space as well.
const ENDS = /^(?:["'`“”‘’]|\s|\\[nrt])|(?:["'`“”‘’]|\s|\\[nrt])$/;
const QUOTES = /["'`“”‘’]/;

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
