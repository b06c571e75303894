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

const HEADERS = { "cache-control": "no-store", ...NOSNIFF };
