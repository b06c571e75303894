/**
 * The options of a subscription.
 *
 * @module
 */

import type { Host } from "./host.ts";
import type { Events, Parse, TextEvents } from "./message.ts";
import type { PageEvents } from "./page_events.ts";
import type { RequestOptions } from "./request.ts";
import type { IdStore } from "./id_store.ts";
import type { SetStreams } from "./set_streams.ts";
import type { Sharing } from "./transport.ts";

/** Options of {@linkcode subscribe}, besides how data is made of text. */
export interface SubscriptionOptions<Map extends Events = TextEvents> extends RequestOptions {
  /** Makes data of an event's text: `json`, or `validated()`. By default data is text. */
  readonly parse?: Parse<Map>;
  /** Keeps the id across reloads: `idStore(sessionStorage)`. Left out, a reload begins anew. */
  readonly store?: IdStore;
  /** Lets the tabs of an origin share one connection: `sharing()`. Left out, each has its own. */
  readonly share?: Sharing;
  /** The id after which it begins, such as one printed into a page. Left out, it begins anew. */
  readonly lastEventId?: string;
  /**
   * What happens while the page is hidden: `stay` keeps the connection open, `pause` closes it until the
   * page is shown.
   *
   * @default {"stay"}
   */
  readonly hidden?: "stay" | "pause";
  /**
   * How long the server may be silent, in milliseconds. By default two and a half of
   * the heartbeats that the server tells of, or 45 seconds where it tells of none.
   */
  readonly silenceMs?: number;
  /**
   * The most messages that wait for a loop. Then the response is read no further, so that the server
   * decides what happens to a slow subscriber.
   *
   * @default {1_000}
   */
  readonly maxMessages?: number;
  /**
   * Whether a loop also gets `hello`, `ended`, `goaway` and `expired`.
   *
   * @default {false}
   */
  readonly control?: boolean;
  /** Closes the subscription when it aborts. */
  readonly signal?: AbortSignal;
  /**
   * Is called with `gap` or `reset` where such an event comes and nobody listens; by default prints a
   * warning.
   */
  readonly onUnheardLoss?: (event: string) => void;
  /** What the events of a page do; by default `pageEvents`. */
  readonly page?: PageEvents;
  /** What `setStreams()` does; by default `setStreams`. */
  readonly setStreams?: SetStreams;
  /** The clock, timers and chance of the client, for tests; by default the runtime's own. */
  readonly host?: Host;
}
