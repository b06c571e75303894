/**
 * Answers in JSON.
 *
 * @module
 */

import { markNosniff, NOSNIFF } from "./response_headers.ts";

/** Answers with a value as JSON, which no cache stores. */
export function jsonAnswer(value: unknown): Response {
  return markNosniff(Response.json(value, { headers: HEADERS }));
}

// Bun would add a charset, which JSON does not have (RFC 8259, section 11).
const HEADERS = { "content-type": "application/json", "cache-control": "no-store", ...NOSNIFF };
