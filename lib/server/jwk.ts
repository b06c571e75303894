/**
 * Reads JSON Web Keys that verify tokens, and sets of them.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517 RFC 7517}
 *
 * @module
 */

import { isJsonObject, type JsonObject, parseJsonObject } from "./json_object.ts";
import { algorithmOf, type JwtAlgorithm } from "./jwt_algorithm.ts";
import { importVerifyingKey, type JwtKey } from "./verifying_key.ts";
import { describeWeakSecret } from "./weak_secret.ts";

/** The most keys of a set. */
export const MAX_JWKS_KEYS = 32;

/**
 * Reads a set, `{"keys":[…]}`, or one key, `{"kty":…}`. The keys themselves are not checked.
 *
 * @returns The keys, or what the text is instead.
 */
export function readJwks(text: string): readonly unknown[] | string {
  const set = parseJsonObject(text);
  if (set === undefined) return "a text that is not a JSON object";
  const keys = Object.hasOwn(set, "kty") ? [set] : set.keys;
  if (!Array.isArray(keys)) return 'JSON without a list "keys"';
  return keys.length > MAX_JWKS_KEYS ? `a set of more than ${MAX_JWKS_KEYS} keys` : keys;
}

/**
 * Imports a key: `RSA`, `EC` on P-256, `OKP` of Ed25519, or `oct`, a secret. A key of RSA without `alg`
 * gives two, for RS256 and for PS256.
 *
 * @returns The keys, or what is wrong: the kind of a key that verifies no tokens here.
 */
export async function importJwk(jwk: unknown): Promise<readonly JwtKey[] | string> {
  if (!isJsonObject(jwk)) return "a JWK that is not an object";
  const kind = KINDS.find(({ members }) =>
    Object.entries(members).every(([name, value]) => jwk[name] === value)
  );
  if (kind === undefined) return `a JWK of kty ${show(jwk.kty)} and crv ${show(jwk.crv)}`;
  const { kid } = jwk;
  const fault = useFault(jwk) ?? (kind.isSecret ? secretFault(jwk) : undefined);
  if (fault !== undefined) return fault;
  const algorithms = jwk.alg === undefined
    ? kind.algorithms
    : kind.algorithms.filter((algorithm) => algorithm === algorithmOf(jwk.alg));
  if (algorithms.length === 0) return `a JWK for alg ${show(jwk.alg)}`;
  const keys: JwtKey[] = [];
  for (const algorithm of algorithms) {
    const key = await importVerifyingKey({ format: "jwk", jwk: pick(jwk, kind) }, algorithm);
    if (typeof key !== "object") return key ?? "a JWK that is damaged";
    keys.push(typeof kid === "string" ? { ...key, id: kid } : key);
  }
  return keys;
}

/** Whether a key is a secret, which verifies tokens only as long as nobody else knows it. */
export function isSecretJwk(jwk: unknown): boolean {
  return isJsonObject(jwk) && (jwk.kty === "oct" || Object.hasOwn(jwk, "d"));
}

/** A kind of key: the members that tell it, and those that are the key itself. */
interface Kind {
  readonly members: Readonly<Record<string, string>>;
  readonly parts: readonly string[];
  readonly algorithms: readonly JwtAlgorithm[];
  readonly isSecret?: boolean;
}

const KINDS: readonly Kind[] = [
  { members: { kty: "RSA" }, parts: ["n", "e"], algorithms: ["RS256", "PS256"] },
  { members: { kty: "EC", crv: "P-256" }, parts: ["x", "y"], algorithms: ["ES256"] },
  { members: { kty: "OKP", crv: "Ed25519" }, parts: ["x"], algorithms: ["EdDSA"] },
  { members: { kty: "oct" }, parts: ["k"], algorithms: ["HS256"], isSecret: true },
];

/** The key itself, without members such as `alg` and `x5c` that Web Crypto might judge in its own way. */
function pick(jwk: JsonObject, { members, parts }: Kind): Readonly<Record<string, string>> {
  return { ...members, ...Object.fromEntries(parts.map((part) => [part, jwk[part] as string])) };
}

function useFault({ kid, use, key_ops: operations, ...jwk }: JsonObject): string | undefined {
  if (kid !== undefined && typeof kid !== "string") return "a JWK whose kid is not a string";
  if (Object.hasOwn(jwk, "d")) return "a private JWK";
  if (use !== undefined && use !== "sig") return `a JWK for the use ${show(use)}`;
  const isForVerifying = operations === undefined ||
    Array.isArray(operations) && operations.includes("verify");
  return isForVerifying ? undefined : "a JWK whose key_ops have no verify";
}

function secretFault({ k }: JsonObject): string | undefined {
  if (typeof k !== "string" || !/^[\w-]+$/.test(k)) return "a JWK that is damaged";
  const bits = Math.floor(k.length * 6 / 8) * 8;
  if (bits < 256) return `a secret of ${bits} bits, fewer than 256`;
  return describeWeakSecret(k);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "none").slice(0, 40);
}
