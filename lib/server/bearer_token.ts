/**
 * The token of the header `Authorization: Bearer`: how it is read, and compared with the expected one.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750 RFC 6750}
 *
 * @module
 */

/**
 * Reads the token of the header `Authorization`.
 *
 * @returns `undefined` without the header or with another scheme than Bearer, such as the Basic that a
 * proxy adds; `""` if the header has no token or more than one.
 */
export function bearerToken(headers: Headers): string | undefined {
  const [, token] = BEARER.exec((headers.get("authorization") ?? "").trim()) ?? [];
  return token !== undefined && /[ \t]/.test(token) ? "" : token;
}

const BEARER = /^bearer(?![^ \t])[ \t]*(.*)$/is;

/** Hashes a token with SHA-256, for {@linkcode matchesToken}. */
export async function hashToken(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}

/**
 * Compares a token with the expected one. The time that this takes reveals nothing about the expected
 * token.
 *
 * @param expected The expected token's hash by {@linkcode hashToken}.
 */
export async function matchesToken(given: string, expected: Uint8Array): Promise<boolean> {
  const hash = await hashToken(given);
  let difference = hash.length ^ expected.length;
  for (const [i, byte] of hash.entries()) difference |= byte ^ (expected[i] ?? 0);
  return difference === 0;
}
