/**
 * Verifies JSON Web Tokens, which say which streams their bearer may use, with one key and the one
 * algorithm that belongs to it. Issues no tokens. The key is read by `jwt_key.ts`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519 RFC 7519}, and for the reasons to refuse a token
 * {@link https://www.rfc-editor.org/rfc/rfc8725 RFC 8725}
 *
 * @module
 */

import type { JwtKey } from "./jwt_key.ts";

/** The claims of a valid token. */
export interface Claims {
  /**
   * Claim `exp`: when the token expires, in seconds since 1970; at the latest the end of the year 9999.
   */
  readonly expiresAtSeconds: number;
  /** Claim `sse.subscribe`: patterns of the streams that the bearer may subscribe to. */
  readonly subscribe: readonly string[];
  /** Claim `sse.publish`: patterns of the streams that the bearer may publish to. */
  readonly publish: readonly string[];
}

/**
 * Why a token is refused. If several reasons apply, it is the first in this order.
 *
 * - `malformed`: the text is not a token in compact form (RFC 7515, section 7.1), or has more than 8
 *   KiB.
 * - `header`: the header asks for another algorithm, another type or extensions.
 * - `signature`: the signature was not made with the key.
 * - `claims`: the claims are not what {@linkcode verifyJwt} expects.
 * - `expired`: the token has expired.
 * - `early`: the token is not valid yet.
 */
export type JwtFault = "malformed" | "header" | "signature" | "claims" | "expired" | "early";

/** The refusal of a token. */
export interface JwtRefusal {
  /** Why the token is refused. */
  readonly fault: JwtFault;
  /** The reason in words, for the client. It speaks of claims only if the signature is valid. */
  readonly detail: string;
}

/**
 * Verifies a token and reads its claims.
 *
 * The header must name the key's algorithm, may have `typ` `JWT` or `at+jwt`, and must not have `crit`.
 * The claim `exp` is required and must be in the future. The claim `nbf` is optional; it may be up to 5
 * seconds in the future, since the issuer's clock may be ahead. The claim `sse` must be an object that
 * contains only `subscribe` and `publish`, both optional, both lists of strings.
 *
 * @param nowSeconds The time, in seconds since 1970.
 * @returns The claims, or the refusal. No token's text makes this function throw.
 */
export async function verifyJwt(
  token: string,
  key: JwtKey,
  nowSeconds: number,
): Promise<Claims | JwtRefusal> {
  if (token.length > MAX_TOKEN_CHARACTERS) return refuse("malformed");
  const parts = token.split(".", 4);
  const [header, payload, signature] = parts.map(decodeBase64Url);
  if (parts.length !== 3 || !header || !payload || !signature) return refuse("malformed");
  const fields = parseObject(header);
  if (!fields) return refuse("malformed");
  if (!isHeaderFor(key, fields)) return refuse("header");
  const signed = new TextEncoder().encode(token.slice(0, token.lastIndexOf(".")));
  const algorithm = key.algorithm === "HS256" ? HS256 : ES256;
  const isSigned = await crypto.subtle.verify(algorithm, key.cryptoKey, signature, signed);
  return isSigned ? readClaims(parseObject(payload), nowSeconds) : refuse("signature");
}

const MAX_TOKEN_CHARACTERS = 8_192;
const NOT_BEFORE_LEEWAY_SECONDS = 5;
/** The end of the year 9999. A time in milliseconds since 1970 is larger, from 1978 on. */
const MAX_SECONDS = 253_402_300_799;
const HS256 = { name: "HMAC" };
const ES256 = { name: "ECDSA", hash: "SHA-256" };

function refuse(fault: JwtFault, detail = "The token is invalid"): JwtRefusal {
  return { fault, detail };
}

// RFC 7515, section 4.1.9: "typ" is a media type in any case, usually without "application/".
const TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;

function isHeaderFor({ algorithm }: JwtKey, header: JsonObject): boolean {
  const { alg, typ = "JWT" } = header;
  const isTyped = typeof typ === "string" && TYPE.test(typ);
  return alg === algorithm && isTyped && !Object.hasOwn(header, "crit");
}

function readClaims(payload: JsonObject | undefined, nowSeconds: number): Claims | JwtRefusal {
  const { exp, nbf, sse } = payload ?? {};
  const fault = timeFault("exp", exp) ?? (nbf === undefined ? undefined : timeFault("nbf", nbf));
  if (fault !== undefined) return refuse("claims", fault);
  if (sse === undefined) return refuse("claims", `The token has no claim sse: ${SSE_CLAIM}`);
  if (!isObject(sse)) {
    return refuse("claims", `The token's claim sse is not an object: ${SSE_CLAIM}`);
  }
  const { subscribe = [], publish = [], ...others } = sse;
  if (!isTexts(subscribe) || !isTexts(publish)) {
    return refuse(
      "claims",
      `The token's claim sse must contain only lists of strings: ${SSE_CLAIM}`,
    );
  }
  if (Object.keys(others).length > 0) {
    return refuse("claims", `The token's claim sse has another name in it: ${SSE_CLAIM}`);
  }
  const expiresAtSeconds = Number(exp);
  if (!(expiresAtSeconds > nowSeconds)) {
    return refuse("expired", `The token expired at ${showTime(expiresAtSeconds)}: get a new one`);
  }
  const beginsAtSeconds = Number(nbf ?? 0);
  if (beginsAtSeconds > nowSeconds + NOT_BEFORE_LEEWAY_SECONDS) {
    return refuse(
      "early",
      `The token is not valid before ${showTime(beginsAtSeconds)} (claim nbf)`,
    );
  }
  return { expiresAtSeconds, subscribe, publish };
}

const SSE_CLAIM =
  'it must be an object with lists of streams, such as {"subscribe":["news"],"publish":["orders/*"]}';

/** Writes a time in seconds since 1970 as text, in UTC. */
function showTime(seconds: number): string {
  // A Date holds 8.64e15 milliseconds to both sides of 1970.
  const isDate = Math.abs(seconds) <= MAX_SECONDS;
  return isDate ? new Date(seconds * 1_000).toISOString() : `${seconds} seconds since 1970`;
}

/** Says why a claim is not a time; `undefined` if it is one. */
function timeFault(name: string, value: unknown): string | undefined {
  if (value === undefined) {
    return `The token has no claim ${name}: it must be a number of seconds since the start of 1970`;
  }
  if (typeof value !== "number") {
    return `The token's claim ${name} must be a number of seconds since the start of 1970`;
  }
  if (value <= MAX_SECONDS) return undefined;
  return `The token's claim ${name} is after the year 9999: it must be in seconds, not milliseconds`;
}

/** Decodes base64url (RFC 7515, section 2): without padding or space, with one text for each value. */
function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  const binary = atob(base64);
  return btoa(binary).replaceAll("=", "") === base64 ? bytesOf(binary) : undefined;
}

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // Bytes that are not UTF-8, or not JSON, hold no object.
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
