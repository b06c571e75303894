/**
 * Keys and tokens for tests.
 *
 * @module
 */

import { toBase64Url } from "../../lib/wire/byte_text.ts";

/** Signs claims as a JWT with HS256. */
export async function signHs256(claims: unknown, secret: string): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", utf8(secret), algorithm, false, ["sign"]);
  const parts = [{ alg: "HS256" }, claims].map((part) => base64Url(utf8(JSON.stringify(part))));
  const signature = await crypto.subtle.sign(algorithm, key, utf8(parts.join(".")));
  return [...parts, base64Url(new Uint8Array(signature))].join(".");
}

/** Signs the bytes of a token. */
export type Sign = (signed: Uint8Array<ArrayBuffer>) => Promise<ArrayBuffer>;

/** A key in SPKI as PEM. */
export function pemOf(spki: ArrayBuffer, label = "PUBLIC KEY"): string {
  const lines = btoa(String.fromCharCode(...new Uint8Array(spki))).match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** A new key pair of ECDSA: its public key as PEM, and a function that signs. */
export async function es256(
  namedCurve = "P-256",
): Promise<{ readonly pem: string; readonly sign: Sign }> {
  const algorithm = { name: "ECDSA", namedCurve, hash: "SHA-256" };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    algorithm,
    true,
    ["sign", "verify"],
  );
  return {
    pem: pemOf(await crypto.subtle.exportKey("spki", publicKey)),
    sign: (signed) => crypto.subtle.sign(algorithm, privateKey, signed),
  };
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64Url(bytes: Uint8Array): string {
  return toBase64Url(bytes);
}

/** A key pair of an issuer of tokens. */
export interface IssuerKey {
  /** The public key as a JWK, with `alg`, and with `kid` if it has one. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** The public key as PEM. */
  readonly pem: string;
  /** The private key as PEM. */
  readonly privatePem: string;
  /** Signs claims as a token; `header` adds to `alg` and `kid`, or replaces them. */
  readonly sign: (claims: unknown, header?: object) => Promise<string>;
}

const GENERATED = {
  RS256: { name: "RSASSA-PKCS1-v1_5", modulusLength: 2_048, hash: "SHA-256" },
  PS256: { name: "RSA-PSS", modulusLength: 2_048, hash: "SHA-256", saltLength: 32 },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
} as const;

/** Makes a key pair. */
export async function issuerKey(
  alg: keyof typeof GENERATED,
  { kid, ...more }: { readonly kid?: string; readonly modulusLength?: number } = {},
): Promise<IssuerKey> {
  const algorithm = {
    ...GENERATED[alg],
    publicExponent: new Uint8Array([1, 0, 1]),
    ...more,
  };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    algorithm,
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey("jwk", publicKey);
  const named = kid === undefined ? {} : { kid };
  return {
    jwk: { ...jwk, alg, use: "sig", ...named },
    pem: pemOf(await crypto.subtle.exportKey("spki", publicKey)),
    privatePem: pemOf(await crypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY"),
    async sign(claims, header = {}) {
      const parts = [{ alg, typ: "JWT", ...named, ...header }, claims];
      const signed = parts.map((part) => base64Url(utf8(JSON.stringify(part)))).join(".");
      const signature = await crypto.subtle.sign(algorithm, privateKey, utf8(signed));
      return `${signed}.${base64Url(new Uint8Array(signature))}`;
    },
  };
}
