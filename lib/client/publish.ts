/**
 * Publishing to a hub's server from where events are read.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import { randomEpoch } from "../wire/ids.ts";
import { pauseMs } from "./backoff.ts";
import { type Failure, isTemporary, readFailure, retryAfterMs } from "./failure.ts";
import { type Host, thisHost } from "./host.ts";
import { type EachAttempt, isFunction, valueOf } from "./request.ts";

/** Options of {@linkcode publish}. */
export interface PublishOptions {
  /** Headers, such as a token. A function gets new ones at each attempt. */
  readonly headers?: EachAttempt<NonNullable<RequestInit["headers"]>>;
  /** Whether cookies go to another origin. Left out, as in `fetch()`. */
  readonly credentials?: NonNullable<RequestInit["credentials"]>;
  /** What sends the requests; by default `fetch()`. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
  /** The clock and timers of the client, for tests; by default the runtime's own. */
  readonly host?: Host;
}

/** What the server has answered. */
export interface PublishAnswer {
  /** The id of the event, or of the last of several. */
  readonly id: string;
  /** The stream. */
  readonly stream: string;
  /** The number of subscribers at that moment. */
  readonly subscribers: number;
}

/**
 * Publishes events to the stream of a URL, and sends them again until the server acknowledges them. Each
 * event without an `id` is given a key, so that none is published twice.
 *
 * @param event A string, an event, or a list of these.
 * @throws {Failure} If the server refuses for good. Also rejects with the reason of an aborted `signal`.
 *
 * @example
 * ```ts ignore
 * await publish("/sse?stream=orders/7", "Tea", { headers: { authorization: `Bearer ${token}` } });
 * ```
 */
export async function publish(
  url: string | URL,
  event: string | ServerSentEvent | readonly (string | ServerSentEvent)[],
  options: PublishOptions = {},
): Promise<PublishAnswer> {
  const { headers, credentials, fetch = globalThis.fetch, signal, host = thisHost } = options;
  const target = new URL(new Request(url).url);
  const body = JSON.stringify(Array.isArray(event) ? event.map(withKey) : withKey(event as string));
  const begin = host.now();
  let refresh = false;
  for (let failures = 1;; failures++) {
    signal?.throwIfAborted();
    let floorMs = 0;
    try {
      const limit = AbortSignal.timeout(ANSWER_MS);
      const limits = signal ? AbortSignal.any([signal, limit]) : limit;
      const given = valueOf(headers, { refresh, lastEventId: "" });
      const sent = new Headers(await unlessAborted(limits, given));
      sent.set("content-type", "application/json");
      const response = await fetch(target, {
        method: "POST",
        headers: sent,
        body,
        signal: limits,
        ...credentials && { credentials },
      });
      if (response.ok) return await response.json();
      floorMs = retryAfterMs(response);
      const error = await readFailure("publish", response);
      if (error.status === 401 && isFunction(headers) && !refresh) {
        refresh = true;
        continue;
      }
      if (!isTemporary(error)) throw error;
    } catch (error) {
      signal?.throwIfAborted();
      if ((error as Failure).name === "Failure") throw error;
    }
    await pause(
      host,
      pauseMs(failures, host.random(), host.now() - begin, RETRY_MS, floorMs),
      signal,
    );
  }
}

function withKey(event: string | ServerSentEvent): ServerSentEvent {
  const fields = typeof event === "string" ? { data: event } : event;
  return fields.data === undefined ? fields : { id: randomEpoch() + randomEpoch(), ...fields };
}

/** Rejects when the signal aborts first. */
function unlessAborted<T>(signal: AbortSignal, value: T | Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason))
  );
  return Promise.race([value, aborted]);
}

function pause(host: Host, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const stop = host.setTimer(ms, end);
    signal?.addEventListener("abort", end);
    function end(): void {
      stop();
      signal?.removeEventListener("abort", end);
      resolve();
    }
  });
}

/** How long the headers and the server's answer may take. */
const ANSWER_MS = 15_000;
/** The time of the first pause, at most. */
const RETRY_MS = 500;
