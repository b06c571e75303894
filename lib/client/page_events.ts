/**
 * What the events of a page mean for a subscription: network, visibility, back/forward cache.
 *
 * @module
 */

import type { Link } from "./keep_connected.ts";

/** Lets the events of a page act on the connection of a subscription. */
export type PageEvents = (link: Link, options: { readonly hidden?: "stay" | "pause" }) => void;

/** Where a page's events are heard: the window. */
export interface PageTarget {
  /** Listens; missing where there are no events. */
  readonly addEventListener?: (
    type: string,
    listener: (event: { readonly persisted?: boolean }) => void,
    options: { readonly signal: AbortSignal },
  ) => void;
}

/** The events of the page that this module runs in. In a worker or a process there are none. */
export const pageEvents: PageEvents = (link, options): void =>
  pageEventsOf(globalThis as PageTarget)(link, options);

/**
 * Connects anew when the browser is online again, when the page is shown again and nothing has come for
 * longer than a heartbeat, and when the page comes back from the back/forward cache, for which the
 * connection is closed.
 */
export function pageEventsOf(target: PageTarget): PageEvents {
  return (link, options) => {
    const { host, signal } = link;
    const pausesHidden = options.hidden === "pause";
    const listen = (type: string, listener: (event: { readonly persisted?: boolean }) => void) =>
      target.addEventListener?.(type, listener, { signal });

    function shown(): void {
      link.isSuspended = pausesHidden && host.isHidden();
      if (!link.current || link.current.isStale()) link.retry("shown");
    }

    /** The page may be gone soon. Some hidden pages can't have a connection, and others are not to. */
    function hidden(isFrozen: boolean): void {
      link.leave();
      if (!isFrozen && !pausesHidden) return;
      link.isSuspended = true;
      link.cut("hidden");
    }

    listen("online", () => {
      link.isOffline = false;
      // A connection that has brought something just now is one of the new network.
      if (!link.current?.isOpen() || link.current.isStale(1_000)) link.retry("online");
      link.show();
    });
    listen("offline", () => {
      link.isOffline = true;
      link.show();
    });
    listen("resume", shown);
    listen("pageshow", (event) => event.persisted && shown());
    listen("pagehide", (event) => hidden(event.persisted === true));
    listen("visibilitychange", () => host.isHidden() ? hidden(false) : shown());
    link.isSuspended = pausesHidden && host.isHidden();
  };
}
