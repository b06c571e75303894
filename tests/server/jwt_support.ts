/**
 * Tokens for tests.
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

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
