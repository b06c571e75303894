/**
 * Explains a JSON Web Token to the operator: what it may do and until when, or why the server refuses
 * it.
 *
 * @module
 */

import { fromBase64Url } from "../wire/byte_text.ts";
import type { CommandOutput } from "./command_output.ts";
import type { ConfiguredJwt } from "./configured_jwt.ts";
import { type JsonObject, parseJsonObject } from "./json_object.ts";
import { algorithmOf, jwtAlgorithms } from "./jwt_algorithm.ts";
import { type Claims, findSigningKey, type JwtRefusal, parseJwt } from "./jwt.ts";
import { printable } from "./request_log.ts";
import type { JwtKey } from "./verifying_key.ts";

/**
 * Explains a token.
 *
 * @param nowMs The time, in milliseconds since 1970.
 * @returns Exit code 0 if the server would accept the token, else 1.
 */
export async function explainToken(
  token: string,
  { verifier, source }: ConfiguredJwt,
  nowMs: number,
): Promise<CommandOutput> {
  await source?.ready;
  const text = token.trim();
  const result = await verifier.verify(text, nowMs / 1_000);
  const keys = {
    all: await verifier.keys(),
    ofUrl: source?.keys ?? [],
    hasUrl: source !== undefined,
  };
  const [header, claims] = text.split(".").map(decode);
  const shown = [
    header && `Header     ${show(header)}`,
    claims && `Claims     ${show(claims)}`,
    claims && showTime("exp", claims, nowMs),
    claims && showTime("nbf", claims, nowMs),
  ].filter((line) => line !== undefined);
  if ("fault" in result) {
    const fault = result.fault === "unavailable" ? source?.fault : undefined;
    const why = [reason(result, header ?? {}, keys), fault].filter((it) => it !== undefined).join(
      ": ",
    );
    return { stdout: [`Refused    ${printable(why)}`, ...shown], code: 1 };
  }
  const parsed = parseJwt(text)!;
  const key = await findSigningKey(parsed, keys.all);
  const valid = typeof key === "string"
    ? "Valid"
    : `Valid      signed with ${describeKey(key, keys)}`;
  return { stdout: [printable(valid), ...rightsOf(result).map(printable), ...shown], code: 0 };
}

/** The keys that the server has. */
interface KnownKeys {
  readonly all: readonly JwtKey[];
  readonly ofUrl: readonly JwtKey[];
  readonly hasUrl: boolean;
}

function describeKey(key: JwtKey, { ofUrl }: KnownKeys): string {
  const origin = ofUrl.includes(key) ? "JWKS_URL" : "JWT_KEY";
  const id = key.id === undefined ? "" : `the key ${JSON.stringify(key.id)} of `;
  return `${id}${origin} (${key.algorithm})`;
}

function rightsOf({ subscribe, publish, admin }: Claims): readonly string[] {
  return [
    `Subscribe  ${subscribe.join(", ") || "nothing"}`,
    `Publish    ${publish.join(", ") || "nothing"}`,
    ...admin === undefined ? [] : [`Console    ${admin}`],
  ];
}

function reason({ fault, detail }: JwtRefusal, header: JsonObject, keys: KnownKeys): string {
  const origin = keys.hasUrl ? "JWKS_URL" : "JWT_KEY";
  switch (fault) {
    case "malformed":
      return "it is not a JSON Web Token: three parts in base64url, joined by dots, of at most 8 KiB";
    case "signature":
      return keys.hasUrl
        ? "it was signed with no key of JWT_KEY or JWKS_URL, or was changed"
        : "it was not signed with JWT_KEY: it comes from another key, or was changed";
    case "key":
      return explainKey(header, keys, origin);
    case "header":
      return algorithmOf(header.alg) === undefined
        ? `its header says alg ${show(header.alg)}; use ${Object.keys(jwtAlgorithms).join(", ")}`
        : "its header has another type than JWT, or extensions (crit)";
    default:
      return detail;
  }
}

function explainKey({ alg, kid }: JsonObject, { all }: KnownKeys, origin: string): string {
  const algorithms = [...new Set(all.map(({ algorithm }) => algorithm))];
  const algorithm = algorithmOf(alg);
  if (!algorithms.some((known) => known === algorithm)) {
    return `its header says alg ${show(alg)}, and ${origin} is for ${algorithms.join(", ")}`;
  }
  const ids = all.filter((key) => key.algorithm === algorithm).map(({ id }) => JSON.stringify(id));
  return `its header has the kid ${show(kid)}, and ${origin} has ${ids.join(", ")}`;
}

function showTime(name: string, claims: JsonObject, nowMs: number): string | undefined {
  const time = new Date(Number(claims[name] ?? NaN) * 1_000);
  if (Number.isNaN(time.getTime())) return undefined;
  const seconds = Math.round((time.getTime() - nowMs) / 1_000);
  const distance = seconds >= 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
  return `${name.padEnd(10)} ${time.toISOString().replace(".000", "")}, ${distance}`;
}

function duration(seconds: number): string {
  const [unit, size] = UNITS.find(([, size]) => seconds >= 2 * size) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

const UNITS = [["days", 86_400], ["h", 3_600], ["min", 60]] as const;

/** A part of a token as an object; `undefined` if it is none. */
function decode(part: string): JsonObject | undefined {
  try {
    const bytes = fromBase64Url(part);
    return parseJsonObject(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The signature, or a text that is not a token.
    return undefined;
  }
}

function show(value: unknown): string {
  return printable(JSON.stringify(value) ?? "undefined").slice(0, MAX_CHARACTERS);
}

const MAX_CHARACTERS = 2_000;
