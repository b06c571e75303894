/**
 * Patterns of streams need a permission of their own from an application that decides by itself.
 *
 * @module
 */

import type { Authorize } from "./authorize.ts";
import { refuse } from "./refusal.ts";
import { isStreamPattern } from "../wire/stream_name.ts";

/**
 * Refuses a client that asks for a pattern, unless its grant has `patterns`: a decision that was made for
 * names must not reach streams whose names may be secrets.
 */
export function requireGrantedPatterns(authorize: Authorize): Authorize {
  return async (request, action, streams) => {
    const grant = await authorize(request, action, streams);
    const pattern = action === "subscribe" ? streams.find(isStreamPattern) : undefined;
    if (grant instanceof Response || grant.patterns || pattern === undefined) return grant;
    return refuse("scope", `The pattern ${pattern} is not granted; name each stream`);
  };
}
