/**
 * Replies of Redis that differ between RESP 2 and RESP 3.
 *
 * @module
 */

/**
 * Returns a reply as a map. RESP 3 replies with a map or an object; RESP 2 with a list of pairs, or with a
 * list that alternates between names and values.
 */
export function mapOf(reply: unknown): Map<string, unknown> {
  if (reply instanceof Map) return reply;
  if (!Array.isArray(reply)) return new Map(Object.entries(reply as Record<string, unknown>));
  if (Array.isArray(reply[0])) return new Map(reply);
  return new Map(
    Array.from({ length: reply.length / 2 }, (_, i) => [reply[2 * i], reply[2 * i + 1]]),
  );
}
