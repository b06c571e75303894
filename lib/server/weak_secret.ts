/**
 * Recognizes texts that are long enough for a secret but are not secret, such as URLs, placeholders and
 * public keys. Judges by the form of a text alone.
 *
 * @module
 */

import { fromBase64, fromHex, toHex } from "../wire/byte_text.ts";

/**
 * Names the kind of a text that others may know, or that stands in place of a secret: a URL, a path, a
 * placeholder, JSON, a token, or a key or certificate in any common form, also encoded as base64,
 * base64url or hex up to three times.
 *
 * A raw key of 32 or 64 bytes, such as one of Ed25519, can't be told from random bytes.
 *
 * @returns The kind with its article, such as `a URL`; `undefined` for every other text.
 */
export function describeWeakSecret(text: string): string | undefined {
  return describe(text, 3);
}

function describe(outer: string, depth: number): string | undefined {
  const text = outer.replace(ENDS, "");
  for (const [kind, pattern] of KINDS) if (pattern.test(text)) return kind;
  if (isJson(text)) return "JSON, such as a JWK";
  if (isPath(text)) return "a file's path";
  for (const [encoding, bytes] of depth > 0 ? decodings(text) : []) {
    const kind = describeBytes(bytes) ?? describe(textOf(bytes), depth - 1);
    if (kind !== undefined) return `${encoding} of ${kind}`;
  }
  return undefined;
}

// White space and quotes: a public key stays public inside of them.
const ENDS = /^[\s"'`“”‘’]+|(?<![\s"'`“”‘’])[\s"'`“”‘’]+$/g;

/** The first pattern that matches names the text. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["an SSH public key", /(?:^|\s)(?:sk-)?(?:ssh-|ecdsa-sha2-)[a-z0-9]\S*\s+AAAA/],
  ["a certificate", /-----\s*BEGIN [A-Z0-9 ]*CERTIFICATE/i],
  ["a private key", /-----\s*BEGIN [A-Z0-9 ]*PRIVATE KEY/i],
  ["a PEM of another form", /-{4}\s*BEGIN/i],
  ["a key file of PuTTY", /^PuTTY-User-Key-File/],
  ["an age public key", /^age1[0-9a-z]{58}$/],
  ["a fingerprint", /^(?:SHA256:[A-Za-z0-9+/]{43}=?|(?:[0-9a-f]{2}:){15,}[0-9a-f]{2})$/i],
  ["JSON, such as a JWK", /"(?:kty|keys)"\s*:/],
  ["a JSON Web Token", /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/],
  ["a URL", /^[a-z][a-z0-9+.-]*:\/\/|^(?:arn|data|did|file|jdbc|urn|vault):/i],
  ["a URL without its scheme", /^(?:\/\/)?(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?\/[\w.~%/:?&=+-]*$/i],
  [
    "the name of a variable, and not its value",
    /^\$\w+$|^\$\{.*\}$|^\$\(.*\)$|^%\w+%$|^\{\{.*\}\}$/s,
  ],
  ["a placeholder", /^<[a-z][^<>]*>$/i],
  ["XML", /^<[?a-z][^<>]*>.*<\/[\w:]+>$/is],
  ["the example of jwt.io", /^a-(?:string|valid-string)-secret-at-least-\d+-bits-long$/],
];

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    // A text that is not JSON may still be of another kind.
    return false;
  }
}

/** Whether a text looks like a path of names that people give to files; random base64 does not. */
function isPath(text: string): boolean {
  if (!/[\\/]/.test(text) || !/^(?:[a-z]:)?[\w. ~@%+\\/-]*$/i.test(text)) return false;
  if (/^(?:[a-z]:|\\\\|~\/|\.{1,2}[\\/])|[^\\/]\.[a-z][a-z0-9]{1,7}$/i.test(text)) return true;
  // Base64 has "/" but none of these, and base64url has no "/".
  if (/^\/.*[-_. ~@%]/.test(text)) return true;
  return !text.includes("+") && !UNLIKE_NAMES.test(text);
}

// Pairs that random base64 of 32 characters contains, and names of files hardly do: "aX", "7a", "QZ".
const UNLIKE_NAMES = /[A-Z](?![a-z])|\d[A-Za-z]/;

/** The bytes that a text may encode, with the name of the encoding. */
function* decodings(text: string): Generator<[encoding: string, bytes: Uint8Array]> {
  const dense = text.replace(/\s+|\\[nr]/g, "");
  const digits = dense.replace(/^0x/i, "");
  if (/^(?:[0-9a-f]{2})+$/i.test(digits)) yield ["the hex", fromHex(digits)];
  const unpadded = dense.replace(/(?<!=)=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  // A text that was cut off is decoded up to its last whole group.
  const whole = unpadded.slice(0, unpadded.length - (unpadded.length % 4 === 1 ? 1 : 0));
  if (!/^[A-Za-z0-9+/]+$/.test(whole)) return;
  yield [/[-_]/.test(dense) ? "the base64url" : "the base64", fromBase64(whole)];
}

function describeBytes(bytes: Uint8Array): string | undefined {
  const [tag] = bytes;
  // Blobs of OpenSSH begin with the length of their type's name (RFC 4253, section 6.6).
  if (/^\0\0\0.(?:ssh-|ecdsa-|sk-)/.test(latin1(bytes.subarray(0, 12)))) return "an SSH public key";
  if (tag === 0x30 && isDer(bytes)) return "a key or certificate in DER";
  // Points of P-256, P-384 and P-521 (SEC 1, section 2.3.3).
  const isPoint = tag === 4
    ? [65, 97, 133].includes(bytes.length)
    : (tag === 2 || tag === 3) && [33, 49, 67].includes(bytes.length);
  return isPoint ? "a public key's point" : undefined;
}

/** Whether bytes are, or begin like, a SEQUENCE that begins with a SEQUENCE or an INTEGER (X.690). */
function isDer(bytes: Uint8Array): boolean {
  const outer = derLength(bytes, 1);
  const inner = outer && derLength(bytes, outer.at + 1);
  if (!outer || !inner || ![0x30, 0x02].includes(bytes[outer.at] ?? 0)) return false;
  if (inner.at + inner.length > outer.at + outer.length) return false;
  const isWhole = outer.at + outer.length === bytes.length;
  return isWhole || OBJECT_IDS.test(toHex(bytes.subarray(0, 64)));
}

// The object identifiers of which every key has one: id-ecPublicKey, rsaEncryption, and the four curves
// of RFC 8410; and the first bytes of a certificate's version and of an RSA key's length.
const OBJECT_IDS =
  /06072a8648ce3d0201|06092a864886f70d0101|06032b65(?:6e|6f|70|71)|^3082....3082....a003020102|^3082....0282/;

function derLength(
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly at: number } | undefined {
  const first = bytes[at];
  if (first === undefined || first === 0x80 || first > 0x83) return undefined;
  if (first < 0x80) return { length: first, at: at + 1 };
  const end = at + 1 + (first & 0x7f);
  const length = bytes.subarray(at + 1, end).reduce((sum, byte) => sum * 256 + byte, 0);
  return { length, at: end };
}

/** Decodes bytes as UTF-8; `""` if they are not UTF-8. */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Bytes that are not text have no kind of text.
    return "";
  }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
