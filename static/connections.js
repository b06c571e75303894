/**
 * Limits the event streams that the tabs don't share. Over HTTP/1.1 a browser opens six connections to an
 * origin, whatever the number of tabs: a seventh event stream would wait silently, and so would the next
 * page and the next publish. With the Web Locks API three of the connections are for streams that a tab
 * has to itself; the others are for those that all tabs share, and for requests.
 */

const OWN = 3;

/** How long the page waits for a connection before it says that it waits. */
const PATIENCE_MS = 400;

/**
 * Takes one of the connections as soon as one is free. `onQueued` is called if that takes a while.
 *
 * @returns A promise of a function that gives the connection back. If `signal` aborts first, the promise
 * resolves with a function that does nothing.
 */
export function takeConnection(signal, onQueued) {
  const { promise, resolve } = Promise.withResolvers();
  const takeNone = () => resolve(() => {});
  if (signal.aborted || !navigator.locks || !isLimited()) takeNone();
  else search(signal, onQueued, resolve, takeNone);
  return promise;
}

/** Asks for every lock at once, and keeps the first that is granted. */
function search(signal, onQueued, take, takeNone) {
  const end = new AbortController();
  const waiting = setTimeout(onQueued, PATIENCE_MS);
  end.signal.addEventListener("abort", () => clearTimeout(waiting));
  const giveUp = () => {
    end.abort();
    takeNone();
  };
  signal.addEventListener("abort", giveUp, { signal: end.signal });
  const hold = () => {
    // Two locks can be granted at once; the second one is released at once.
    if (end.signal.aborted) return;
    end.abort();
    return new Promise(take);
  };
  for (let i = 1; i <= OWN; i++) {
    navigator.locks.request(`event-stream-${i}`, { signal: end.signal }, hold).catch(() => {
      // Either the search is over, or the browser grants this page no locks: then it takes none.
      if (!end.signal.aborted) giveUp();
    });
  }
}

/** Whether this page came over HTTP/1; over HTTP/2 and later all streams share one connection. */
function isLimited() {
  const [page] = performance.getEntriesByType("navigation");
  return !page || page.nextHopProtocol === "" || page.nextHopProtocol.startsWith("http/1");
}
