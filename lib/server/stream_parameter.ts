/**
 * The parameter of a request that names its streams, and what is often written in its place.
 *
 * @module
 */

import { refuse } from "./refusal.ts";

/**
 * Refuses a query without `stream` that has a parameter such as `topic`. If such a parameter were
 * ignored, a client would get the time, and wait for its events in vain.
 */
export function refuseWrongParameter(query: URLSearchParams): Response | undefined {
  if (query.has("stream")) return undefined;
  const wrong = [...query.keys()].find((name) => WRONG.test(name));
  if (wrong === undefined) return undefined;
  return refuse("parameter", `There is no parameter ${wrong}; name a stream with ?stream=<name>`);
}

const WRONG = /^(?:streams?|topics?|channels?)(?:\[\])?$/i;
