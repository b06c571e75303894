/**
 * The parameters of a subscribe request, and what is often written in their place.
 *
 * @module
 */

import { MODE_NAMES } from "../hub/mode.ts";
import type { Control } from "../wire/control_events.ts";
import { refuse } from "./refusal.ts";

/**
 * Refuses a query that has a parameter such as `topic` or `event[]`, or modes without a stream. If they
 * were ignored, a client would get the time and wait for its events in vain, or would get events of all
 * types.
 */
export function refuseWrongParameter(query: URLSearchParams): Response | undefined {
  const names = [...query.keys()];
  const wrongType = names.find((name) => WRONG_TYPE.test(name));
  if (wrongType !== undefined) {
    return refuse("parameter", `There is no parameter ${wrongType}; name a type with event=<type>`);
  }
  if (query.has("stream")) return undefined;
  const wrong = names.find((name) => WRONG_STREAM.test(name));
  if (wrong !== undefined) {
    return refuse("parameter", `There is no parameter ${wrong}; name a stream with ?stream=<name>`);
  }
  const mode = MODE_NAMES.find((name) => query.has(name));
  if (mode === undefined) return undefined;
  return refuse(
    "parameter",
    `Without a stream, ${mode} has no effect; name one with ?stream=<name>`,
  );
}

const WRONG_STREAM = /^(?:streams?|topics?|channels?)(?:\[\])?$/i;
const WRONG_TYPE = /^(?:events|events?\[\])$/i;

/** Returns which control events a client asks for, for answers before its query is checked. */
export function controlOf(query: URLSearchParams): Control {
  return query.get("control") === "none" ? "none" : "all";
}
