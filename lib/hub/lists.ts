/**
 * The lists of streams and of subscribers: searched, sorted, and cut to a page.
 *
 * @module
 */

import { ANY, checkOptions } from "../wire/check_options.ts";
import { rank } from "./ranking.ts";
import {
  streamFigures,
  type StreamInfo,
  streamInfo,
  type StreamListOptions,
  streamOrders,
  subscriberFigures,
  type SubscriberInfo,
  subscriberInfo,
  type SubscriberListOptions,
  subscriberOrders,
} from "./stats.ts";
import type { Streams } from "./streams.ts";
import { filterRules, isMeant } from "./subscriber_filter.ts";
import type { Subscribers } from "./subscribers.ts";

/** Lists the streams. Throws as `BroadcastHub.streams()` does. */
export function listStreams(streams: Streams, options: StreamListOptions): StreamInfo[] {
  checkOptions("list streams", options, {
    after: ANY,
    search: ANY,
    sort: ANY,
    limit: { min: 0 },
    offset: { min: 0 },
  });
  const { after = "", limit = Infinity, search = "", sort = "name", offset = 0 } = options;
  checkOrder("list streams", sort, streamOrders);
  const all = streams.after(after);
  const found = search === "" ? all : all.filter(({ name }) => name.includes(search));
  if (sort === "name") return found.drop(offset).take(limit).map(streamInfo).toArray();
  return rank(found, streamFigures[sort], { offset, limit }).map(streamInfo);
}

/** Lists the subscribers. Throws as `BroadcastHub.subscribers()` does. */
export function listSubscribers(
  subscribers: Subscribers,
  head: number,
  options: SubscriberListOptions,
): SubscriberInfo[] {
  checkOptions("list subscribers", options, {
    ...filterRules,
    after: ANY,
    sort: ANY,
    limit: { min: 0 },
    offset: { min: 0 },
  });
  const { after = "", limit = Infinity, sort = "age", offset = 0, id, ...filter } = options;
  checkOrder("list subscribers", sort, subscriberOrders);
  const found = id === undefined
    ? subscribers.after(after)
    : [subscribers.get(id)].filter((subscriber) => subscriber !== undefined).values();
  const meant = found
    .filter(({ client, audience }) => isMeant(filter, client, audience.names));
  const page = sort === "age"
    ? meant.drop(offset).take(limit).toArray()
    : rank(meant, subscriberFigures(head)[sort], { offset, limit });
  return page.map((subscriber) => subscriberInfo(subscriber, subscribers.idOf(subscriber), head));
}

function checkOrder(action: string, sort: string, orders: readonly string[]): void {
  if (orders.includes(sort)) return;
  throw new RangeError(
    `Cannot ${action}: sort must be ${orders.join(", ")}, got ${JSON.stringify(sort)}`,
  );
}
