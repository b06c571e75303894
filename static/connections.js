/**
 * Event streams that leave room. Over HTTP/1.1 a browser opens six connections to an origin, whatever
 * the number of its tabs: a seventh event stream would wait without a word, and so would the next page
 * and the next publish. The tabs share five between them, by the Web Locks API, and keep one free.
 */

const SHARED = 5;

/** How long it may take to get a connection before the page says that it waits for one. */
const PATIENCE_MS = 400;

/**
 * Opens an event stream as soon as a connection is free for it, and gives it back when `signal` aborts
 * or the stream is closed for good.
 *
 * @returns An EventSource; never, if `signal` aborts first.
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
    // Two can come at once; the second goes straight back.
    if (search.signal.aborted) return;
    search.abort();
    return new Promise(resolve);
  };
  signal.addEventListener("abort", () => search.abort(), { signal: search.signal });
  search.signal.addEventListener("abort", () => clearTimeout(waiting));
  for (let i = 1; i <= SHARED; i++) {
    navigator.locks.request(`event-stream-${i}`, { signal: search.signal }, hold).catch(() => {
      // Either the search is over, or the browser gives this page no locks: then it does without.
      if (search.signal.aborted) return;
      search.abort();
      resolve(() => {});
    });
  }
  return promise;
}

/** Whether this page came over HTTP/1; from HTTP/2 on all streams share one connection. */
function isLimited() {
  const [page] = performance.getEntriesByType("navigation");
  return !page || page.nextHopProtocol === "" || page.nextHopProtocol.startsWith("http/1");
}
