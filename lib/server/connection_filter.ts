/**
 * The parameters that choose connections, of lists and of disconnects.
 *
 * @module
 */

import type { SubscriberFilter } from "../hub/subscriber_filter.ts";
import { parseIpAddress } from "./ip_address.ts";

/** A filter without the id of a connection, which stands in the path. */
export type FilterNames = Omit<SubscriberFilter, "id">;

/** The parameters, and the members of a filter that they stand for. */
export const filterParameters = {
  address: "address",
  subject: "subject",
  token: "tokenId",
  stream: "stream",
} as const satisfies Readonly<Record<string, keyof FilterNames>>;

/** Reads a filter. An address may be written in any spelling. */
export function filterOf(query: URLSearchParams): FilterNames {
  const filter: { -readonly [Name in keyof FilterNames]: FilterNames[Name] } = {};
  for (const [parameter, name] of Object.entries(filterParameters)) {
    const value = query.get(parameter);
    if (value === null) continue;
    filter[name] = name === "address" ? parseIpAddress(value)?.text ?? value : value;
  }
  return filter;
}
