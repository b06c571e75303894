/**
 * Sharing one connection among the tabs of an origin.
 *
 * @module
 */

import { SharedTab } from "./shared_tab.ts";
import { type OpenChannel, openTabChannel } from "./tab_channel.ts";
import type { Locks } from "./tab_lock.ts";
import type { Sharing, Sink } from "./transport.ts";

/** Options of {@linkcode sharing}. */
export interface SharingOptions {
  /**
   * Tells apart what must not be shared: the users of a browser. By default there is none; it is required
   * if the requests have headers, parameters or a body.
   */
  readonly key?: string;
  /** The locks by which tabs agree who connects; by default those of the browser. For tests. */
  readonly locks?: Locks;
  /** Opens a channel between tabs; by default a `BroadcastChannel`. For tests. */
  readonly openChannel?: OpenChannel;
}

/**
 * Lets the tabs of an origin share one connection. One of them connects, and tells the others of each
 * event. A tab that comes in has a connection of its own until it has caught up. When the tab that
 * connects is closed, another one goes on after the id that all have. Nothing is lost or comes twice.
 *
 * Tabs share what they subscribe to by the same URL. Without Web Locks, as on a page over plain http,
 * each tab connects by itself. Events without ids may be missed or come twice while the tabs change.
 *
 * @example
 * ```ts ignore
 * subscribe("/sse?stream=orders/7", { share: sharing() });
 * ```
 */
export function sharing(options: SharingOptions = {}): Sharing {
  const { key = "", openChannel = openTabChannel() } = options;
  const locks = options.locks ?? (globalThis.navigator as { locks?: Locks } | undefined)?.locks;
  return {
    join(connect, { headers, params, body }) {
      const hasSecrets = [headers, params, body].some((it) => it !== undefined && it !== null);
      if (hasSecrets && options.key === undefined) {
        throw new TypeError(
          "Cannot share: with headers, params or a body, sharing() needs a key that tells users apart",
        );
      }
      if (!locks || !openChannel) return { run: connect, tell: () => {} };
      const tabs = new Map<string, SharedTab>();
      const leave = (isLeft: (url: string) => boolean) => {
        for (const [url, tab] of tabs) {
          if (!isLeft(url)) continue;
          tabs.delete(url);
          tab.leave();
        }
      };
      return {
        run(attempt) {
          const { href } = attempt.url;
          const sink: Sink = {
            ...attempt,
            open() {
              leave((url) => url !== href);
              attempt.open();
            },
          };
          const name = `sse-hub ${key} ${href}`;
          const tab = tabs.get(href) ?? new SharedTab(name, sink, { connect, locks, openChannel });
          tabs.set(href, tab);
          return tab.run(sink);
        },
        tell(state) {
          const isHidden = state.name === "waiting" && state.why.reason === "hidden";
          if (isHidden || /ended|failed|closed/.test(state.name)) leave(() => true);
          for (const tab of tabs.values()) tab.tell(state);
        },
      };
    },
  };
}
