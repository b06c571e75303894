/**
 * The parameters that lists have in common: how many rows, from which on, and in which order.
 *
 * @module
 */

import { describeRule, parseWhole } from "../wire/number_option.ts";
import { refuse } from "./refusal.ts";

/** Which rows of a list to show, and in which order. */
export interface ListParameters<Order extends string> {
  /** The most rows. */
  readonly limit: number;
  /** How many rows come before. */
  readonly offset: number;
  /** The order. */
  readonly sort: Order;
}

/**
 * Reads `?limit=` (1 to 1 000, default 100), `?offset=` (default 0) and `?sort=`, whose default is the
 * first order.
 */
export function readListParameters<Order extends string>(
  query: URLSearchParams,
  orders: readonly Order[],
): ListParameters<Order> | Response {
  const limit = parseWhole(query.get("limit") ?? `${DEFAULT_LIMIT}`, LIMIT);
  if (limit === undefined) {
    return refuse("parameter", `The parameter limit must be ${describeRule(LIMIT)}`);
  }
  const offset = parseWhole(query.get("offset") ?? "0", OFFSET);
  if (offset === undefined) {
    return refuse("parameter", `The parameter offset must be ${describeRule(OFFSET)}`);
  }
  const sort = query.get("sort") ?? orders[0]!;
  if (!isOrder(sort, orders)) {
    return refuse("parameter", `The parameter sort must be ${orders.join(", ")}`);
  }
  return { limit, offset, sort };
}

function isOrder<Order extends string>(sort: string, orders: readonly Order[]): sort is Order {
  return (orders as readonly string[]).includes(sort);
}

const DEFAULT_LIMIT = 100;
const LIMIT = { min: 1, max: 1_000, isWhole: true };
const OFFSET = { min: 0, max: 1_000_000, isWhole: true };
