/**
 * Limits the event streams of all tabs. Over HTTP/1.1 a browser opens six connections to an origin,
 * whatever the number of tabs: a seventh event stream would wait silently, and so would the next page
 * and the next publish. With the Web Locks API the tabs share five connections and keep one free.
 */

const SHARED = 5;

/** How long the page waits for a connection before it says that it waits. */
const PATIENCE_MS = 400;

/**
 * Opens an event stream as soon as a connection is free. The connection is free again when `signal`
 * aborts or the EventSource has given up.
 *
 * @returns A promise of an EventSource; it never settles if `signal` aborts first.
 */
export async function openEventSource(url, { signal, onQueued }) {
  const release = await takeConnection(signal, onQueued);
  if (signal.aborted) {
    release();
    return await new Promise(() => {});
  }
  const source = new EventSource(url);
  signal.addEventListener("abort", () => {
    source.close();
    release();
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) release();
  });
  return source;
}

function takeConnection(signal, onQueued) {
  if (!navigator.locks || !isLimited()) return Promise.resolve(() => {});
  const { promise, resolve } = Promise.withResolvers();
  if (signal.aborted) return promise;
  const search = new AbortController();
  const waiting = setTimeout(onQueued, PATIENCE_MS);
  const hold = () => {
    // Two locks can be granted at once; the second one is released at once.
    if (search.signal.aborted) return;
    search.abort();
    return new Promise(resolve);
  };
  signal.addEventListener("abort", () => search.abort(), { signal: search.signal });
  search.signal.addEventListener("abort", () => clearTimeout(waiting));
  for (let i = 1; i <= SHARED; i++) {
    navigator.locks.request(`event-stream-${i}`, { signal: search.signal }, hold).catch(() => {
      // Either the search is over, or the browser grants this page no locks: then it takes none.
      if (search.signal.aborted) return;
      search.abort();
      resolve(() => {});
    });
  }
  return promise;
}

/** Whether this page came over HTTP/1; over HTTP/2 and later all streams share one connection. */
function isLimited() {
  const [page] = performance.getEntriesByType("navigation");
  return !page || page.nextHopProtocol === "" || page.nextHopProtocol.startsWith("http/1");
}
