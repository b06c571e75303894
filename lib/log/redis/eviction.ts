/**
 * The warning of a Redis that may evict the keys of a log.
 *
 * @module
 */

import { type RedisLink, TIMEOUT_MS } from "./link.ts";

/**
 * Returns a warning if Redis may evict keys that never expire. `undefined` if Redis does not, or if the
 * log's user may not run `INFO`.
 */
export async function evictionWarning(link: RedisLink): Promise<string | undefined> {
  const info = await link.ask(TIMEOUT_MS, ["INFO", "memory"]).catch(() => "");
  const [, policy] = /^maxmemory_policy:(allkeys-[a-z-]+)/m.exec(`${info}`) ?? [];
  if (policy === undefined) return undefined;
  return `Redis may evict the event log: its maxmemory-policy is ${policy}; set it to noeviction`;
}
