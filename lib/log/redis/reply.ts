/**
 * Replies of Redis that look different in RESP 2 and RESP 3.
 *
 * @module
 */

/** A map as RESP 3 has it; in RESP 2 it is a list, of pairs or of names and values by turns. */
export function mapOf(reply: unknown): Map<string, unknown> {
  if (reply instanceof Map) return reply;
  if (!Array.isArray(reply)) return new Map(Object.entries(reply as Record<string, unknown>));
  if (Array.isArray(reply[0])) return new Map(reply);
  return new Map(
    Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]),
  );
}
