/** Event streams that reconnect by themselves, and that say why they don't. */

import { takeConnection } from "./connections.js";
import { readEvents } from "./read_events.js";
import { Refusal, request } from "./request.js";

/** How long the server may take to answer. */
const CONNECT_MS = 15_000;

/** The time before a reconnect until the server names another one. */
const RETRY_MS = 3_000;

/** A server that asks for less, and then fails at once, is not asked without end. */
const LEAST_RETRY_MS = 100;

/** After this many heartbeats that did not come, the connection is given up. */
const MISSED_HEARTBEATS = 2.5;

/**
 * Follows an event stream until `signal` aborts, the stream ends, or the server refuses it for good. A
 * reconnect sends the last id, and comes no sooner than the `retry` or `Retry-After` of the server. A
 * connection that stays silent for longer than the heartbeats that `hello` promised is given up.
 *
 * `onEvent` gets each event: `{ event, data, lastEventId }`. `onState` gets the state, and the
 * {@linkcode Refusal} that led to it if there is one:
 *
 * - `queued`: other tabs hold all connections. The stream opens when one of them closes.
 * - `connecting` and `open`.
 * - `waiting`: the connection broke, or the refusal is temporary. The stream reconnects by itself.
 * - `ended`: all events were delivered. Nothing more follows.
 * - `refused`: the refusal is permanent. Nothing more follows.
 */
export async function followEvents(url, { signal, onEvent, onState }) {
  const stream = { url, signal, onEvent, onState, lastEventId: "", retryMs: RETRY_MS, failures: 0 };
  onState("connecting");
  while (!signal.aborted) {
    const release = await takeTurn(signal, onState);
    const end = await connect(stream).finally(release);
    if (signal.aborted) return;
    if (end === "ended") return onState("ended");
    if (!end.isTemporary) return onState("refused", end);
    onState("waiting", end);
    await pause(end.pauseMs(stream.failures++, stream.retryMs), signal);
  }
}

/** Takes a connection, and says so if the stream has to wait for one. */
async function takeTurn(signal, onState) {
  let isQueued = false;
  const release = await takeConnection(signal, () => {
    isQueued = true;
    onState("queued");
  });
  if (isQueued && !signal.aborted) onState("connecting");
  return release;
}

/** Connects once. Resolves when the connection is over, with the refusal or with "ended". */
async function connect(stream) {
  const silence = new Silence();
  const signal = AbortSignal.any([stream.signal, silence.signal]);
  try {
    silence.allow(CONNECT_MS);
    const { status, headers, body } = await request(stream.url, {
      // With "no-store" the browser sends `Cache-Control: no-cache`, as an EventSource does.
      cache: "no-store",
      headers: requestHeaders(stream),
      signal,
    });
    if (status === 204) return "ended";
    if (!/^text\/event-stream\b/i.test(headers.get("content-type") ?? "")) {
      await body?.cancel();
      return new Refusal(status, "The answer is not an event stream: it may come from a proxy");
    }
    silence.allow(Infinity);
    stream.failures = 0;
    stream.onState("open");
    if (await receive(body, stream, silence)) return "ended";
  } catch (error) {
    if (error instanceof Refusal) return error;
    // The connection broke, or was silent for too long.
  } finally {
    silence.allow(Infinity);
  }
  return new Refusal(0, "");
}

function requestHeaders({ lastEventId }) {
  const headers = { accept: "text/event-stream" };
  // A header has bytes: an id is sent as UTF-8, as an EventSource does.
  const bytes = new TextEncoder().encode(lastEventId);
  if (lastEventId !== "") headers["last-event-id"] = String.fromCharCode(...bytes);
  return headers;
}

/** Reads the events of a connection to its end. Returns whether an event `ended` was among them. */
async function receive(body, stream, silence) {
  let hasEnded = false;
  const noteBytes = new TransformStream({
    transform(chunk, controller) {
      silence.restart();
      controller.enqueue(chunk);
    },
  });
  await readEvents(body.pipeThrough(noteBytes), {
    onRetry: (retryMs) => stream.retryMs = Math.max(retryMs, LEAST_RETRY_MS),
    onEvent(event) {
      if (stream.signal.aborted) return;
      stream.lastEventId = event.lastEventId;
      if (event.event === "hello") silence.allow(silenceMs(event.data));
      hasEnded ||= event.event === "ended";
      stream.onEvent(event);
    },
  });
  return hasEnded;
}

/** How long the connection may be silent, by the data of `hello`. */
function silenceMs(data) {
  try {
    const { heartbeatSeconds } = JSON.parse(data);
    return heartbeatSeconds > 0 ? heartbeatSeconds * 1_000 * MISSED_HEARTBEATS : Infinity;
  } catch {
    // Another server's "hello" promises no heartbeats.
    return Infinity;
  }
}

/** Aborts its signal when nothing was heard for as long as is allowed. */
class Silence {
  #end = new AbortController();
  #allowedMs = Infinity;
  #timer;

  get signal() {
    return this.#end.signal;
  }

  allow(ms) {
    this.#allowedMs = ms;
    this.restart();
  }

  restart() {
    clearTimeout(this.#timer);
    if (this.#allowedMs <= MAX_TIMER_MS) {
      this.#timer = setTimeout(() => this.#end.abort(), this.#allowedMs);
    }
  }
}

/** A longer timer overflows and fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits; less if `signal` aborts or the browser is online again. */
function pause(ms, signal) {
  const { promise, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", resolve);
  addEventListener("online", resolve);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", resolve);
    removeEventListener("online", resolve);
  });
}
