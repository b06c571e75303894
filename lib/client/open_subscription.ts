/**
 * Subscribing with the smallest client.
 *
 * @module
 */

import type { Events, TextEvents } from "./message.ts";
import type { SubscriptionOptions } from "./options.ts";
import { Subscription } from "./subscription.ts";

/** The options, of which `parse` may only be left out where data is text. */
export type SubscribeArguments<Map extends Events> = TextEvents extends Map
  ? [options?: SubscriptionOptions<Map>]
  : [options: SubscriptionOptions<Map> & Required<Pick<SubscriptionOptions<Map>, "parse">>];

/**
 * Subscribes with the smallest client: {@linkcode subscribe} without what is done for pages, so without
 * `setStreams()`, without a warning and without a check of the options. It has what the options give it.
 *
 * @param url The URL; a relative one counts from the page.
 * @throws {TypeError} If the URL is not valid, or if `share` needs a key.
 *
 * @example
 * ```ts ignore
 * const events = openSubscription("https://hub.example/sse?stream=news", { page: pageEvents });
 * ```
 */
export function openSubscription<Map extends Events = TextEvents>(
  url: string | URL,
  ...[options = {}]: SubscribeArguments<Map>
): Subscription<Map> {
  // A request counts relative URLs from the page, where there is one.
  return new Subscription<Map>(new URL(new Request(url).url), options);
}
