/**
 * Bytes as text: hexadecimal, base64 and base64url (RFC 4648). The methods of `Uint8Array` that do the
 * same are missing in Node 22 and 24.
 *
 * @module
 */

/** Encodes bytes as lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Decodes hexadecimal, which must have an even number of digits. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Encodes bytes as base64url, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Decodes base64, with or without padding. White space is ignored.
 *
 * @throws {DOMException} If the text is not base64.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Decodes base64url, with or without padding.
 *
 * @throws {TypeError | DOMException} If the text is not base64url.
 */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (/[+/]/.test(text)) throw new TypeError("Cannot decode text: it has + or /, so it is base64");
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}
