/**
 * JSON Web Tokens that say which streams their bearer may use. Verifies only, with one key and the
 * one algorithm that belongs to it; issues none.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519 RFC 7519}, and for what is refused
 * {@link https://www.rfc-editor.org/rfc/rfc8725 RFC 8725}
 *
 * @module
 */

/** A key that verifies tokens, bound to the one algorithm it may be used with. */
export interface JwtKey {
  /** What `alg` in a token's header must be. */
  readonly algorithm: "HS256" | "ES256";
  /** The key itself, usable for `verify`. */
  readonly cryptoKey: CryptoKey;
}

/** What a good token says. */
export interface Claims {
  /** Claim `exp`: when it ends, in seconds since 1970. Any finite number, so perhaps in a far future. */
  readonly expiresAtSeconds: number;
  /** Claim `sse.subscribe`: patterns of the streams its bearer may subscribe to. */
  readonly subscribe: readonly string[];
  /** Claim `sse.publish`: patterns of the streams its bearer may publish to. */
  readonly publish: readonly string[];
}

/**
 * Why a token is refused, the first reason in this order.
 *
 * - `malformed`: it is no token in compact form (RFC 7515, section 7.1), or has more than 8 KiB.
 * - `header`: its header asks for another algorithm, another type or extensions.
 * - `signature`: its signature is not the key's.
 * - `claims`: its claims are not what {@linkcode verifyJwt} expects.
 * - `expired`: its time is over.
 * - `early`: its time has not come.
 */
export type JwtFault = "malformed" | "header" | "signature" | "claims" | "expired" | "early";

/**
 * Imports the key that tokens are verified with.
 *
 * @param text An ES256 public key as PEM (SPKI, curve P-256), or else an HS256 secret, taken as it
 * stands, in UTF-8. Whatever looks like a public key in another form is refused: as a secret it would
 * let everybody sign who knows it.
 * @throws {TypeError} If it is a PEM of another kind, or a public key that is not written as PEM.
 * @throws {RangeError} If the secret has less than 32 bytes (RFC 7518, section 3.2).
 */
export async function importJwtKey(text: string): Promise<JwtKey> {
  if (LOOKS_PUBLIC.test(text)) return await importPublicKey(text);
  const secret = new TextEncoder().encode(text);
  if (secret.length < 32) {
    throw new RangeError(
      `Cannot import JWT key: an HS256 secret needs at least 32 bytes, got ${secret.length}`,
    );
  }
  return { algorithm: "HS256", cryptoKey: await importKey("raw", secret, HS256) };
}

/**
 * Verifies a token and reads its claims.
 *
 * Its header must name the key's algorithm, may have `typ` `JWT` or `at+jwt`, and must not have
 * `crit`. Its claims must have `exp`, in the future; `nbf`, if there is one, must be past, without
 * leeway; and `sse` must be an object with nothing but `subscribe` and `publish`, both optional, both
 * lists of strings.
 *
 * @param nowSeconds The time, in seconds since 1970.
 * @returns The claims, or why there are none. Never throws because of a token's text.
 */
export async function verifyJwt(
  token: string,
  key: JwtKey,
  nowSeconds: number,
): Promise<Claims | JwtFault> {
  if (token.length > MAX_TOKEN_CHARACTERS) return "malformed";
  const parts = token.split(".", 4);
  const [header, payload, signature] = parts.map(decodeBase64Url);
  if (parts.length !== 3 || !header || !payload || !signature) return "malformed";
  const fields = parseObject(header);
  if (!fields) return "malformed";
  if (!isHeaderFor(key, fields)) return "header";
  const signed = new TextEncoder().encode(token.slice(0, token.lastIndexOf(".")));
  const algorithm = key.algorithm === "HS256" ? HS256 : ES256;
  const isSigned = await crypto.subtle.verify(algorithm, key.cryptoKey, signature, signed);
  return isSigned ? readClaims(parseObject(payload), nowSeconds) : "signature";
}

const MAX_TOKEN_CHARACTERS = 8_192;
const HS256 = { name: "HMAC", hash: "SHA-256" };
const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

// PEM of any kind, a JWK, or the base64 of a P-256 public key that lost its PEM lines.
const LOOKS_PUBLIC = /-----\s*BEGIN|"kty"|^\s*MFkwEwYHKoZIzj0/i;
const PUBLIC_KEY = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/;

async function importPublicKey(text: string): Promise<JwtKey> {
  try {
    const [, base64 = "?"] = PUBLIC_KEY.exec(text) ?? [];
    return { algorithm: "ES256", cryptoKey: await importKey("spki", bytesOf(atob(base64)), ES256) };
  } catch {
    // What is wrong inside the key helps nobody; what to give instead does.
    throw new TypeError(
      "Cannot import JWT key: expected an ES256 public key as PEM (-----BEGIN PUBLIC KEY-----, " +
        "SPKI, P-256) or an HS256 secret, got a key in another form",
    );
  }
}

function importKey(
  format: "raw" | "spki",
  bytes: Uint8Array<ArrayBuffer>,
  algorithm: typeof HS256,
): Promise<CryptoKey> {
  return crypto.subtle.importKey(format, bytes, algorithm, false, ["verify"]);
}

// RFC 7515, section 4.1.9: "typ" is a media type, without regard to case, mostly without its
// "application/".
const TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;

function isHeaderFor({ algorithm }: JwtKey, header: JsonObject): boolean {
  const { alg, typ = "JWT" } = header;
  const isTyped = typeof typ === "string" && TYPE.test(typ);
  return alg === algorithm && isTyped && !Object.hasOwn(header, "crit");
}

function readClaims(payload: JsonObject | undefined, nowSeconds: number): Claims | JwtFault {
  const { exp, nbf = -Infinity, sse } = payload ?? {};
  if (typeof exp !== "number" || !Number.isFinite(exp) || typeof nbf !== "number") return "claims";
  if (!isObject(sse)) return "claims";
  const { subscribe = [], publish = [], ...others } = sse;
  if (!isTexts(subscribe) || !isTexts(publish) || Object.keys(others).length > 0) return "claims";
  if (!(exp > nowSeconds)) return "expired";
  if (!(nbf <= nowSeconds)) return "early";
  return { expiresAtSeconds: exp, subscribe, publish };
}

/** Decodes base64url as RFC 7515, section 2, has it: no padding, no space, one text for each value. */
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
    // No UTF-8, or no JSON: there is no object in it.
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
