/**
 * What each client does after each ending. Most come back as they should; a client that differs does so
 * by its own design, for which no answer of the server is a cure: its note says why, and what is one.
 *
 * @module
 */

import type { Client } from "./clients.ts";

/** The words of a client for endings, by their ids. */
type Words = Readonly<Record<string, string>>;

const RETURNS: Words = {
  deployed: "back at once",
  killed: "back at once",
  drained: "back in seconds",
  overloaded: "back in seconds",
  removed: "back in seconds",
  slow: "back at once",
  stalled: "back at once",
  expired: "back at once",
  refused: "gives up",
  gap: "back at once",
  "unknown-id": "back at once",
  ended: "asks once more",
  "ended-before": "asks once more",
};

/** The words of a client that never reconnects. */
const NEVER_RETURNS: Words = {
  ...Object.fromEntries(Object.keys(RETURNS).map((id) => [id, "gone"])),
  refused: "gives up",
  ended: "asks no more",
  "ended-before": "asks no more",
};

const THROWS: Words = Object.fromEntries(
  Object.entries(NEVER_RETURNS).map(([id, words]) => [id, `${words}, throws`]),
);

const ENDED = { ended: "asks no more", "ended-before": "asks no more" };

/** The clients that differ from an `EventSource`. */
const BY_CLIENT: Readonly<Record<string, Words>> = {
  deno: { ended: "asks every minute", "ended-before": "asks every minute" },
  "eventsource-client": { refused: "asks on" },
  "fetch-event-source": { ...ENDED, refused: "asks on" },
  "fetch-event-source-node": THROWS,
  htmx2: { refused: "asks on", ended: "asks on", "ended-before": "asks on" },
  "htmx2-close": { ...ENDED, refused: "asks on" },
  htmx4: { refused: "asks on", ended: "asks every minute", "ended-before": "asks every minute" },
  datastar: ENDED,
  ai: THROWS,
  openai: THROWS,
  "ai-control-none": { ...THROWS, ...ENDED },
  "openai-control-none": { ...THROWS, ...ENDED },
  curl: NEVER_RETURNS,
  python: NEVER_RETURNS,
};

/**
 * The clients that take a clean end for the last one. Caddy 2.6, which Debian has, ends cleanly also where
 * the server cuts.
 */
const NEEDS_A_CUT: ReadonlySet<string> = new Set([
  "fetch-event-source",
  "datastar",
  "ai-control-none",
  "openai-control-none",
]);

/** What is seen of a client after an ending (`ended`), also behind a proxy (`nginx ended`). */
export function expected({ id }: Pick<Client, "id">, seen: string): string {
  const [ending = "", route] = seen.split(" ").reverse();
  const words = { ...RETURNS, ...BY_CLIENT[id] };
  if (!route) return words[ending]!;
  if (ending === "ended") {
    // The same client has been through the other endings, and is watched for 8 s.
    return expected({ id }, `${route} killed`).replace(/^[a-z ]*/, "asks no more");
  }
  return route.startsWith("caddy") && NEEDS_A_CUT.has(id) ? "gone" : words[ending]!;
}
