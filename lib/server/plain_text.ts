/**
 * Responses of plain text.
 *
 * @module
 */

/** Answers with a text that no cache keeps. */
export function plainText(
  status: number,
  text: string,
  type = "text/plain; charset=utf-8",
): Response {
  const headers = { "content-type": type, "cache-control": "no-store" };
  return new Response(text, { status, headers });
}
