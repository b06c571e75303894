/**
 * From the text of a setting to its value, or to what is expected in its place.
 *
 * @module
 */

import { isRedisUrl, parseSentinel } from "../log/redis/address.ts";
import { describeRule, parseWhole } from "../wire/number_option.ts";
import {
  isStreamName,
  isStreamPattern,
  STREAM_NAMES,
  STREAM_PATTERNS,
} from "../wire/stream_name.ts";
import { isHostPattern } from "./allowed_hosts.ts";
import { isOrigin } from "./cors.ts";
import { isLoopbackHost } from "./ip_address.ts";
import { explainJwtKey, JWT_KEY_EXPECTED, unescapePem } from "./jwt_key.ts";

/** Returned by a parser for a text that it rejects. */
export class Expected {
  /** What the setting may be, such as `a whole number of at least 0`. */
  readonly expected: string;
  /** A description of the text, shown instead of the text itself. */
  readonly got: string | undefined;

  /** Takes both. */
  constructor(expected: string, got?: string) {
    this.expected = expected;
    this.got = got;
  }
}

/** Parses a setting, or rejects its text. */
export type Parser<T> = (text: string) => T | Expected;

/** Parses a whole number. */
export function whole(min: number, max?: number): Parser<number> {
  const rule = { min, isWhole: true, ...max !== undefined && { max } };
  return (text) => parseWhole(text, rule) ?? new Expected(describeRule(rule));
}

/** Parses one of a few words. */
export function oneOf<T extends string>(choices: readonly T[]): Parser<T> {
  return (text) => choices.find((choice) => choice === text) ?? new Expected(choices.join(", "));
}

/** Parses PEM with this label, whose line breaks may be written as `\n`. */
export function pem(label: string): Parser<string> {
  return (text) => {
    const pem = unescapePem(text);
    if (new RegExp(`-----BEGIN [A-Z0-9 ]*${label}-----`).test(pem)) return pem;
    const [, other] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem) ?? [];
    return other === undefined
      ? new Expected("the PEM text itself, not a file's name; a file is named with _FILE")
      : new Expected(`PEM of type ${label}`, `PEM of type ${other}`);
  };
}

/** Parses an address or a host name to listen on. */
export const host: Parser<string> = textThat(
  (text) => /^[\w.:%[\]-]+$/.test(text),
  "an address or a name such as 0.0.0.0, :: or localhost",
);

/** Parses a file's path. */
export const path: Parser<string> = textThat(
  // Environment files add line breaks and quotes, and a file of such a name would be created.
  (text) => /^[^\s"'](?:.*[^\s"'])?$/s.test(text),
  "a file's path without white space or quotes at its ends",
);

/** Parses the URL of a Redis. */
export const redisUrl: Parser<string> = textThat(
  isRedisUrl,
  "a URL such as redis://localhost:6379",
);

/** Parses the name by which Redis sentinels know a master. */
export const masterName: Parser<string> = textThat(
  (text) => /^[\w.-]+$/.test(text),
  "the name of a master, of A-Z a-z 0-9 _ . -",
);

/** Parses names of streams. */
export const streamNames: Parser<string[]> = listOf(
  isStreamName,
  `stream names with commas between, each ${STREAM_NAMES}`,
);

/** Parses patterns of streams. */
export const streamPatterns: Parser<string[]> = listOf(
  isStreamPattern,
  `patterns such as prices/* with commas between, each ${STREAM_PATTERNS}`,
);

/** Parses addresses of Redis sentinels. */
export const sentinels: Parser<string[]> = listOf(
  (text) => parseSentinel(text) !== undefined,
  "sentinels such as 10.0.0.1:26379 or user:password@host:26379, with commas between",
);

/** Parses origins as browsers write them. */
export const origins: Parser<string[]> = listOf(
  isOrigin,
  "origins such as https://app.example or capacitor://localhost, as browsers send them: without a " +
    "path, not even a slash, and with commas between",
);

/** Parses patterns of host names. */
export const hosts: Parser<string[]> = listOf(
  isHostPattern,
  "host names such as hub.example or *.hub.example, without a port, with commas between, or * for any",
);

/**
 * Parses a bearer token (RFC 6750, section 2.1). A token that is short, repeats its characters or is
 * printed in a manual can be guessed, and is rejected.
 */
export function token(text: string): string | Expected {
  if (KNOWN_TOKENS.has(text)) {
    return new Expected("a token of your own", "an example that everybody knows");
  }
  if (/^[A-Za-z0-9._~+/-]{16,}=*$/.test(text) && new Set(text).size >= 8) return text;
  return new Expected(
    "at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end, at least 8 of them different",
  );
}

// The example in the first edition of the README.
const KNOWN_TOKENS = new Set(["a-token-of-your-own"]);

/** Checks the key that verifies JWTs; the text itself is kept. */
export function jwtKey(text: string): string | Expected {
  const fault = explainJwtKey(text);
  return fault === undefined ? text : new Expected(JWT_KEY_EXPECTED, fault);
}

/** Parses the URL of a set of JSON Web Keys: TLS protects the keys, unless they are on this machine. */
export const jwksUrl: Parser<string> = textThat(
  (text) => {
    const { protocol, hostname, username, password } = URL.parse(text) ?? {};
    const isLoopback = hostname !== undefined && isLoopbackHost(hostname);
    return (protocol === "https:" || protocol === "http:" && isLoopback) &&
      !username && !password && !/\s/.test(text);
  },
  "a URL such as https://login.example/.well-known/jwks.json, without a user; http only on this machine",
);

/** Parses texts with commas between them. */
export const listed: Parser<string[]> = listOf(
  (item) => /^[!-~](?:[ -~]*[!-~])?$/.test(item) && !/["'`]/.test(item),
  "texts of ASCII without quotes, with commas between",
);

/** Parses the name of a claim. */
export const claimName: Parser<string> = textThat(
  (text) => /^[\w:/~#?&=%@+-]+(?:\.[\w:/~#?&=%@+-]+)*$/.test(text),
  "the name of a claim, such as sse, app_metadata.sse or https://app.example/sse",
);

function textThat(isGood: (text: string) => boolean, expected: string): Parser<string> {
  return (text) => isGood(text) ? text : new Expected(expected);
}

/** Parses a list with commas between its items; white space around an item is dropped. */
function listOf(isGood: (item: string) => boolean, expected: string): Parser<string[]> {
  return (text) => {
    const items = text.split(",").map((item) => item.trim());
    return items.every(isGood) ? items : new Expected(expected);
  };
}
