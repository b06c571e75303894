/**
 * Subscribing to an event stream.
 *
 * @module
 */

import type { Events, TextEvents } from "./message.ts";
import { openSubscription, type SubscribeArguments } from "./open_subscription.ts";
import { pageEvents } from "./page_events.ts";
import { setStreams } from "./set_streams.ts";
import type { Subscription } from "./subscription.ts";
import { warnOfUnheardLoss } from "./unheard_loss.ts";

/**
 * Subscribes to an event stream, and reconnects until it ends, is refused for good, or is closed. It
 * connects as soon as somebody listens: a loop, or a listener for a type of event.
 *
 * @param url The URL; a relative one counts from the page.
 * @throws {TypeError} If the URL is not valid, or if an option does not fit.
 *
 * @example
 * ```ts
 * import { BroadcastHub } from "@sse/hub";
 * import { subscribe } from "@sse/hub/client";
 * import { assertEquals } from "@std/assert";
 *
 * await using hub = new BroadcastHub();
 * await hub.publish("orders/7", "Tea");
 * const events = subscribe("http://localhost/sse?stream=orders/7&since=1", {
 *   fetch: async (url, init) => hub.subscribe(new Request(url, init)),
 * });
 * for await (const { data } of events) {
 *   assertEquals(data, "Tea");
 *   break; // closes the subscription
 * }
 * ```
 */
export function subscribe<Map extends Events = TextEvents>(
  url: string | URL,
  ...[options]: SubscribeArguments<Map>
): Subscription<Map> {
  const defaults = { page: pageEvents, setStreams, onUnheardLoss: warnOfUnheardLoss() };
  const all = { ...defaults, ...options };
  return openSubscription<Map>(url, ...[all] as unknown as SubscribeArguments<Map>);
}
