/**
 * Verifies JSON Web Tokens, which say which streams their bearer may use, with keys that are each bound
 * to one algorithm. Issues no tokens, and fetches no keys.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519 RFC 7519}, and for the reasons to refuse a token
 * {@link https://www.rfc-editor.org/rfc/rfc8725 RFC 8725}
 *
 * @module
 */

import { type JsonObject, parseJsonObject } from "./json_object.ts";
import { algorithmOf, jwtAlgorithms } from "./jwt_algorithm.ts";
import { type ClaimRules, type Claims, type ClaimsRefusal, readClaims } from "./jwt_claims.ts";
import type { JwtKey } from "./verifying_key.ts";

export type { ClaimRules, Claims };

/**
 * Why a token is refused. If several reasons apply, it is the first in this order.
 *
 * - `malformed`: the text is not a token in compact form (RFC 7515, section 7.1), or has more than 8
 *   KiB.
 * - `header`: the header asks for another algorithm, another type or extensions.
 * - `key`: no key is for the header's algorithm and has its `kid`.
 * - `signature`: the signature was made with none of the keys.
 * - `unavailable`: the keys can't be fetched at present, so nothing is known of the signature.
 * - `claims`: the claims are not what {@linkcode readClaims} expects.
 * - `expired`: the token has expired.
 * - `early`: the token is not valid yet.
 */
export type JwtFault =
  | "malformed"
  | "header"
  | "key"
  | "signature"
  | "unavailable"
  | ClaimsRefusal["fault"];

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
 * The header must name a key's algorithm, may have `typ` `JWT` or `at+jwt`, and must not have `crit`. A
 * `kid` chooses among the keys that have one. Other members, such as `jku` and `x5u`, which name keys of
 * the sender's choice, have no effect. For the claims see {@linkcode readClaims}.
 *
 * @param nowSeconds The time, in seconds since 1970.
 * @returns The claims, or the refusal. No token's text makes this function throw.
 */
export async function verifyJwt(
  token: string,
  keys: readonly JwtKey[],
  nowSeconds: number,
  rules: ClaimRules = {},
): Promise<Claims | JwtRefusal> {
  const parsed = parseJwt(token);
  if (parsed === undefined) return refuseJwt("malformed");
  const key = await findSigningKey(parsed, keys);
  if (typeof key === "string") return refuseJwt(key);
  return readClaims(parseObject(parsed.payload) ?? {}, nowSeconds, rules);
}

/** Refuses a token of whose claims nothing may be said. */
export function refuseJwt(fault: JwtFault, detail = "The token is invalid"): JwtRefusal {
  return { fault, detail };
}

/** A token, taken apart. Nothing in it has been verified. */
export interface ParsedJwt {
  /** The header. */
  readonly header: JsonObject;
  /** The bytes of the claims. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** What is signed. */
  readonly signed: Uint8Array<ArrayBuffer>;
  /** The signature. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** Takes a token apart; `undefined` if it is malformed. */
export function parseJwt(token: string): ParsedJwt | undefined {
  if (token.length > MAX_TOKEN_CHARACTERS) return undefined;
  const parts = token.split(".", 4);
  if (parts.length !== 3) return undefined;
  const [first, payload, signature] = parts.map(decodeBase64Url);
  const header = first && parseObject(first);
  if (!header || !payload || !signature) return undefined;
  const signed = new TextEncoder().encode(token.slice(0, token.lastIndexOf(".")));
  return { header, payload, signed, signature };
}

const MAX_TOKEN_CHARACTERS = 8_192;

/** Finds the key that a token is signed with, or says why there is none. */
export async function findSigningKey(
  { header, signed, signature }: ParsedJwt,
  keys: readonly JwtKey[],
): Promise<JwtKey | "header" | "key" | "signature"> {
  const { alg, kid, typ = "JWT" } = header;
  const algorithm = algorithmOf(alg);
  const isTyped = typeof typ === "string" && TYPE.test(typ);
  if (algorithm === undefined || !isTyped || Object.hasOwn(header, "crit")) return "header";
  const candidates = keys.filter((key) =>
    key.algorithm === algorithm && (key.id === undefined || kid === undefined || kid === key.id)
  );
  if (candidates.length === 0) return "key";
  for (const key of candidates) {
    const parameters = jwtAlgorithms[key.algorithm];
    if (await crypto.subtle.verify(parameters, key.cryptoKey, signature, signed)) return key;
  }
  return "signature";
}

// RFC 7515, section 4.1.9: "typ" is a media type in any case, usually without "application/".
const TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;

/** Decodes base64url (RFC 7515, section 2): without padding or space, with one text for each value. */
function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) return undefined;
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  const binary = atob(base64);
  return btoa(binary).replaceAll("=", "") === base64 ? bytesOf(binary) : undefined;
}

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary.length);
  // Uint8Array.from() with a function takes ten times as long, for whoever sends long tokens.
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    return parseJsonObject(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
    );
  } catch {
    // Bytes that are not UTF-8 hold no object.
    return undefined;
  }
}
