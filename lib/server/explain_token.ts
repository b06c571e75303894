/**
 * Explains a JSON Web Token to the operator: what it may do and until when, or why the server refuses
 * it.
 *
 * @module
 */

import type { CommandOutput } from "./command_output.ts";
import { type JwtRefusal, verifyJwt } from "./jwt.ts";
import { importJwtKey } from "./jwt_key.ts";
import { printable } from "./request_log.ts";

/**
 * Explains a token.
 *
 * @param jwtKey The text of `JWT_KEY`.
 * @param nowMs The time, in milliseconds since 1970.
 * @returns Exit code 0 if the server would accept the token, else 1.
 * @throws {TypeError} If there is no key, or none that can be used.
 */
export async function explainToken(
  token: string,
  jwtKey: string | undefined,
  nowMs: number,
): Promise<CommandOutput> {
  if (!jwtKey) throw new TypeError("set JWT_KEY to the key that the server has");
  const key = await importJwtKey(jwtKey);
  const text = token.trim();
  const result = await verifyJwt(text, key, nowMs / 1_000);
  const [header, claims] = text.split(".").map(decode);
  const shown = [
    header && `Header     ${show(header)}`,
    claims && `Claims     ${show(claims)}`,
    claims && showTime("exp", claims, nowMs),
    claims && showTime("nbf", claims, nowMs),
  ].filter((line) => line !== undefined);
  if ("fault" in result) {
    return { stdout: [`Refused    ${reason(result, header, key.algorithm)}`, ...shown], code: 1 };
  }
  const rights = [
    `Subscribe  ${result.subscribe.join(", ") || "nothing"}`,
    `Publish    ${result.publish.join(", ") || "nothing"}`,
  ];
  const valid = `Valid      signed with JWT_KEY (${key.algorithm})`;
  return { stdout: [valid, ...rights.map(printable), ...shown], code: 0 };
}

type JsonObject = Readonly<Record<string, unknown>>;

function reason(
  { fault, detail }: JwtRefusal,
  header: JsonObject | undefined,
  algorithm: string,
): string {
  if (fault === "malformed") {
    return "it is not a JSON Web Token: three parts in base64url, joined by dots, of at most 8 KiB";
  }
  if (fault === "signature") {
    return "it was not signed with JWT_KEY: it comes from another key, or was changed";
  }
  if (fault !== "header") return detail;
  return header?.alg === algorithm
    ? "its header has another type than JWT, or extensions (crit)"
    : `its header says alg ${show(header?.alg)}, and JWT_KEY is for ${algorithm}`;
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
    const bytes = Uint8Array.fromBase64(part, { alphabet: "base64url" });
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null ? value as JsonObject : undefined;
  } catch {
    // The signature, or a text that is not a token.
    return undefined;
  }
}

function show(value: unknown): string {
  return printable(JSON.stringify(value) ?? "undefined").slice(0, MAX_CHARACTERS);
}

const MAX_CHARACTERS = 2_000;
