/**
 * Fetches a set of JSON Web Keys, within a bound of size.
 *
 * @module
 */

import { importJwk, isSecretJwk, readJwks } from "./jwk.ts";
import type { JwtKey } from "./verifying_key.ts";

/** The keys of a set that verify tokens. */
export interface FetchedKeys {
  /** The keys, ready for use. */
  readonly keys: readonly JwtKey[];
  /** The keys as text. Two sets with the same text are the same. */
  readonly text: string;
}

/**
 * Fetches a set. Keys that verify no tokens here, such as those for encryption, are left out (RFC 7517,
 * section 5); so are secrets, since whoever can fetch a secret could sign tokens.
 *
 * @param signal Ends the request, also when it takes too long.
 * @throws {Error} If the set can't be fetched, redirects, is not JSON, has more than 256 KiB or 32 keys,
 * or has no key that verifies tokens. The message says which.
 */
export async function fetchJwks(url: string, signal: AbortSignal): Promise<FetchedKeys> {
  const text = await fetchText(url, signal);
  const jwks = readJwks(text);
  if (typeof jwks === "string") throw new Error(`the answer is ${jwks}`);
  const keys: JwtKey[] = [];
  const used: unknown[] = [];
  for (const jwk of jwks) {
    const imported = isSecretJwk(jwk) ? "a secret" : await importJwk(jwk);
    if (typeof imported === "string") continue;
    keys.push(...imported);
    used.push(jwk);
  }
  if (keys.length === 0) throw new Error("the answer has no key that verifies tokens");
  return { keys, text: JSON.stringify(used) };
}

const MAX_BYTES = 262_144;

async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const headers = { accept: "application/jwk-set+json, application/json" };
  // A redirect could lead to another host, or to one without TLS.
  const response = await fetch(url, { redirect: "manual", headers, signal });
  if (response.status !== 200) {
    await response.body?.cancel();
    const { status } = response;
    const isRedirect = status >= 300 && status < 400;
    throw new Error(`the answer has status ${status}${isRedirect ? ", a redirect" : ""}`);
  }
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let left = MAX_BYTES;
  for await (const chunk of response.body ?? []) {
    left -= chunk.byteLength;
    if (left < 0) throw new Error(`the answer has more than ${MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
