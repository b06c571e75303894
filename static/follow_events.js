/** Event streams that are opened again when an EventSource gives up, and that say why it did. */

import { openEventSource } from "./connections.js";
import { Refusal, request } from "./request.js";

/**
 * Follows an event stream until `signal` aborts, the stream ends, or the server refuses it for good.
 *
 * `listeners` is a Map with a function for each event type. `onState` gets the state, and the
 * {@linkcode Refusal} that led to it if there is one:
 *
 * - `queued`: other tabs hold all connections. The stream opens when one of them closes.
 * - `connecting` and `open`.
 * - `waiting`: the connection broke, or the refusal is temporary. The stream reconnects by itself.
 * - `ended`: all events were delivered. Nothing more follows.
 * - `refused`: the refusal is permanent. Nothing more follows.
 */
export async function followEvents(url, { signal, listeners, onState }) {
  const progress = { url, failures: 0 };
  while (!signal.aborted) {
    onState("connecting");
    const source = await openEventSource(progress.url, {
      signal,
      onQueued: () => onState("queued"),
    });
    onState("connecting");
    listen(source, listeners, ({ lastEventId }) => {
      if (lastEventId !== "") progress.url = resumeUrl(url, lastEventId);
    });
    await closed(source, (state) => {
      if (state === "open") progress.failures = 0;
      onState(state);
    });
    const refusal = await findRefusal(progress.url);
    if (signal.aborted) return;
    if (refusal === undefined) return onState("ended");
    if (!refusal.isTemporary) return onState("refused", refusal);
    onState("waiting", refusal);
    await pause(refusal.pauseMs(progress.failures++));
  }
}

/** Puts the id into the query, since a new EventSource sends no `Last-Event-ID`. */
function resumeUrl(url, lastEventId) {
  const separator = url.includes("?") ? "&" : "?";
  return `${url}${separator}lastEventId=${encodeURIComponent(lastEventId)}`;
}

function listen(source, listeners, onEvent) {
  for (const [type, listener] of listeners) {
    source.addEventListener(type, (event) => {
      // The types "open" and "error" may be an application's, or the EventSource's own events.
      if (!(event instanceof MessageEvent)) return;
      onEvent(event);
      listener(event);
    });
  }
}

/** Resolves when an EventSource has given up; never if its signal closes it. */
function closed(source, onState) {
  source.addEventListener("open", () => onState("open"));
  return new Promise((resolve) => {
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) resolve();
      else onState("waiting");
    });
  });
}

/**
 * Requests the stream once more, since an EventSource doesn't say what the server answered.
 *
 * @returns The refusal, without a text if the stream would be accepted now; `undefined` for a 204,
 * which means that nothing more follows.
 */
async function findRefusal(url) {
  try {
    // "no-store" sends `Cache-Control: no-cache`, as an EventSource does.
    const headers = { accept: "text/event-stream" };
    const { status, body, headers: answer } = await request(url, { headers, cache: "no-store" });
    await body?.cancel();
    if (status === 204) return undefined;
    const type = answer.get("content-type") ?? "";
    if (/^text\/event-stream\b/i.test(type)) return new Refusal(0, "");
    return new Refusal(status, "The answer is not an event stream: it may come from a proxy");
  } catch (error) {
    return error instanceof Refusal ? error : new Refusal(0, "The server did not answer");
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
