/**
 * Reads the claims of a token whose signature is valid: when and for whom it is valid, and what its
 * bearer may do.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519#section-4.1 RFC 7519, section 4.1}
 *
 * @module
 */

import { isJsonObject, type JsonObject } from "./json_object.ts";

/** How far the console is open: to read what it shows, or to do everything. */
export type AdminLevel = "read" | "write";

/** The claims of a valid token. */
export interface Claims {
  /**
   * Until when the token is accepted, in seconds since 1970: its claim `exp`, and the leeway.
   */
  readonly expiresAtSeconds: number;
  /** `subscribe` of the rights: patterns of the streams that the bearer may subscribe to. */
  readonly subscribe: readonly string[];
  /** `publish` of the rights: patterns of the streams that the bearer may publish to. */
  readonly publish: readonly string[];
  /** `admin` of the rights: how far the console is open to the bearer; left out, not at all. */
  readonly admin?: AdminLevel;
  /** The claim `sub`: who the bearer is. Left out if it is not a text. */
  readonly subject?: string;
  /** The claim `jti`: the id of the token. Left out if it is not a text. */
  readonly tokenId?: string;
}

/** What claims must be. */
export interface ClaimRules {
  /** The issuers (claim `iss`) whose tokens are accepted. By default any, and none. */
  readonly issuers?: readonly string[];
  /** The audiences (claim `aud`) of which a token must name one. By default any, and none. */
  readonly audiences?: readonly string[];
  /** How far the issuer's clock may be off, in seconds. @default {5} */
  readonly leewaySeconds?: number;
  /**
   * The name of the claim with the rights. Dots lead into objects, as in `app_metadata.sse`, unless the
   * name has `:` or `/`, as a URL has. @default {"sse"}
   */
  readonly claim?: string;
}

/** What is wrong with claims. */
export interface ClaimsRefusal {
  /** Which of the reasons it is. */
  readonly fault: "claims" | "expired" | "early";
  /** The reason in words, for the holder of the token. */
  readonly detail: string;
}

/**
 * Reads the claims.
 *
 * `exp` is required, `nbf` is optional; the leeway counts for both. The claim with the rights must be an
 * object of nothing but `subscribe` and `publish`, both lists of strings, and `admin`, which is `"read"`
 * or `"write"`; all three are optional.
 *
 * @param nowSeconds The time, in seconds since 1970.
 */
export function readClaims(
  payload: JsonObject,
  nowSeconds: number,
  rules: ClaimRules = {},
): Claims | ClaimsRefusal {
  const { leewaySeconds = 5, claim = "sse" } = rules;
  const { exp, nbf } = payload;
  const fault = timeFault("exp", exp) ?? (nbf === undefined ? undefined : timeFault("nbf", nbf)) ??
    partyFault(payload, rules);
  if (fault !== undefined) return refuse("claims", fault);
  const rights = readRights(payload, claim);
  if (typeof rights === "string") {
    return refuse("claims", `The token ${rights}: ${RIGHTS}`);
  }
  const expiresAtSeconds = Number(exp) + leewaySeconds;
  if (!(expiresAtSeconds > nowSeconds)) {
    return refuse("expired", `The token expired at ${showTime(Number(exp))}: get a new one`);
  }
  const beginsAtSeconds = Number(nbf ?? 0);
  if (beginsAtSeconds > nowSeconds + leewaySeconds) {
    const begin = showTime(beginsAtSeconds);
    return refuse("early", `The token is not valid before ${begin} (claim nbf)`);
  }
  return { expiresAtSeconds, ...rights, ...bearerOf(payload) };
}

function bearerOf({ sub, jti }: JsonObject): Pick<Claims, "subject" | "tokenId"> {
  return {
    ...typeof sub === "string" && { subject: sub },
    ...typeof jti === "string" && { tokenId: jti },
  };
}

function refuse(fault: ClaimsRefusal["fault"], detail: string): ClaimsRefusal {
  return { fault, detail };
}

const RIGHTS =
  'it must be an object with lists of streams, such as {"subscribe":["news"],"publish":["orders/*"]}';

/** The end of the year 9999. A time in milliseconds since 1970 is larger, from 1978 on. */
const MAX_SECONDS = 253_402_300_799;

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

/** Says why a token is from another issuer or for another audience; `undefined` if it is neither. */
function partyFault(
  { iss, aud }: JsonObject,
  { issuers = [], audiences = [] }: ClaimRules,
): string | undefined {
  if (issuers.length > 0 && !issuers.some((issuer) => issuer === iss)) {
    return `The token's claim iss must be ${issuers.join(" or ")} (JWT_ISSUER)`;
  }
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audiences.length > 0 && !audiences.some((audience) => named.includes(audience))) {
    return `The token's claim aud must name ${audiences.join(" or ")} (JWT_AUDIENCE)`;
  }
  return undefined;
}

type Rights = Pick<Claims, "subscribe" | "publish" | "admin">;

/** Reads the rights, or says what is wrong with them. */
function readRights(payload: JsonObject, claim: string): Rights | string {
  const rights = findClaim(payload, claim);
  if (rights === undefined) return `has no claim ${claim}`;
  if (!isJsonObject(rights)) return `has a claim ${claim} that is not an object`;
  const { subscribe = [], publish = [], admin, ...others } = rights;
  if (!isTexts(subscribe) || !isTexts(publish)) {
    return `has a claim ${claim} with something else than lists of strings`;
  }
  if (admin !== undefined && admin !== "read" && admin !== "write") {
    return `has a claim ${claim} whose admin is neither "read" nor "write"`;
  }
  if (Object.keys(others).length > 0) return `has a claim ${claim} with another name in it`;
  return { subscribe, publish, ...admin !== undefined && { admin } };
}

/** The names that lead to a claim; see {@linkcode ClaimRules.claim}. */
export function claimPath(claim: string): readonly string[] {
  return /[:/]/.test(claim) ? [claim] : claim.split(".");
}

function findClaim(payload: JsonObject, claim: string): unknown {
  let value: unknown = payload;
  for (const name of claimPath(claim)) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** Writes a time in seconds since 1970 as text, in UTC. */
function showTime(seconds: number): string {
  // A Date holds 8.64e15 milliseconds to both sides of 1970.
  const isDate = Math.abs(seconds) <= MAX_SECONDS;
  return isDate ? new Date(seconds * 1_000).toISOString() : `${seconds} seconds since 1970`;
}
