/**
 * Keeping the last id where it survives a reload.
 *
 * @module
 */

import type { Host } from "./host.ts";

/** Where ids are kept, by key. A `Map` is one. */
export interface IdStorage {
  /** Returns the id of a key. */
  readonly get: (key: string) => string | undefined | null | Promise<string | undefined | null>;
  /** Keeps the id of a key. */
  readonly set: (key: string, lastEventId: string) => unknown;
}

/** Opens what keeps the id of a subscription. */
export type IdStore = (key: string, host: Host) => StoredId;

/** A kept id. */
export interface StoredId {
  /** Reads it; `""` if there is none, or if the storage fails or does not answer. */
  readonly read: () => Promise<string>;
  /** Writes it within a second. */
  readonly write: (lastEventId: string) => void;
  /** Writes what waits at once, since the page may be gone soon. */
  readonly flush: () => void;
}

/**
 * Keeps the last id in a storage: in `sessionStorage` for a tab, across its reloads. It is written at
 * most once a second, and when the page is hidden.
 *
 * `localStorage` has one id for all tabs of an origin; a tab that is behind the others then misses
 * events after a reload.
 *
 * @param prefix Begins each key in the storage; the URL follows.
 *
 * @example
 * ```ts ignore
 * subscribe("/sse?stream=orders/7", { store: idStore(sessionStorage) });
 * ```
 */
export function idStore(
  storage: IdStorage | Pick<Storage, "getItem" | "setItem">,
  prefix = "last-event-id of ",
): IdStore {
  const store: IdStorage = "get" in storage
    ? storage
    : { get: (key) => storage.getItem(key), set: (key, id) => storage.setItem(key, id) };
  return (url, host) => openId(store, prefix + url, host);
}

function openId(store: IdStorage, key: string, host: Host): StoredId {
  let waiting: string | undefined;
  let stop: (() => void) | undefined;
  function flush(): void {
    stop?.();
    const lastEventId = waiting;
    stop = waiting = undefined;
    if (lastEventId !== undefined) tryTo(() => store.set(key, lastEventId));
  }
  return {
    // The storage is a convenience: without it the client begins anew.
    read: () =>
      new Promise((resolve) => {
        const stop = host.setTimer(READ_MS, () => resolve(""));
        tryTo(() => store.get(key)).then((id) => {
          stop();
          resolve(id ?? "");
        });
      }),
    write(lastEventId) {
      waiting = lastEventId;
      stop ??= host.setTimer(1_000, flush);
    },
    flush,
  };
}

async function tryTo<T>(act: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch {
    return undefined; // The storage is full or forbidden.
  }
}

/** How long a storage may take to answer. */
const READ_MS = 5_000;
