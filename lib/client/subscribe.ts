/**
 * Subscribing to an event stream.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import type { Events, TextEvents } from "./message.ts";
import { openSubscription, type SubscribeArguments } from "./open_subscription.ts";
import type { SubscriptionOptions } from "./options.ts";
import { pageEvents } from "./page_events.ts";
import { setStreams } from "./set_streams.ts";
import type { Subscription } from "./subscription.ts";
import { warnOfUnheardLoss } from "./unheard_loss.ts";

/**
 * Subscribes to an event stream, and reconnects until it ends, is refused for good, or is closed. It
 * connects as soon as somebody listens: a loop, or a listener for a type of event.
 *
 * @param url The URL; a relative one counts from the page.
 * @throws {TypeError} If the URL is not valid, if an option is unknown, or if `share` needs a key.
 * @throws {RangeError} If a number is out of range.
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
  ...[options = {}]: SubscribeArguments<Map>
): Subscription<Map> {
  checkOptions<SubscriptionOptions<Map>>("subscribe", options, RULES);
  const all = {
    ...options,
    page: options.page ?? pageEvents,
    setStreams: options.setStreams ?? setStreams,
    onUnheardLoss: options.onUnheardLoss ?? warnOfUnheardLoss(),
  };
  return openSubscription<Map>(url, ...[all] as unknown as SubscribeArguments<Map>);
}

const RULES: OptionRules<SubscriptionOptions> = {
  headers: ANY,
  params: ANY,
  method: ANY,
  body: ANY,
  resendBody: ANY,
  credentials: ANY,
  fetch: ANY,
  parse: ANY,
  store: ANY,
  share: ANY,
  lastEventId: ANY,
  hidden: ANY,
  silenceMs: { above: 0 },
  maxMessages: { min: 1 },
  control: ANY,
  signal: ANY,
  onUnheardLoss: ANY,
  page: ANY,
  setStreams: ANY,
  host: ANY,
};
