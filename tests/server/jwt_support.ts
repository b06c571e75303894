/**
 * Keys and tokens for tests.
 *
 * @module
 */

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
  const lines = new Uint8Array(spki).toBase64().match(/.{1,64}/g)!;
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
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
