/**
 * The request of an attempt, made of options that are values or functions.
 *
 * @module
 */

import { failure } from "./failure.ts";

/** What a function among the options is told of the attempt. */
export interface AttemptInfo {
  /** Whether the server has said that the client's credentials are no longer good. */
  readonly refresh: boolean;
  /** The id of the last event; `""` before the first. */
  readonly lastEventId: string;
}

/** A value, or a function that is called at each attempt. */
export type EachAttempt<T> = T | ((attempt: AttemptInfo) => T | Promise<T>);

/** Parameters of a query, by name. */
export type Params = Readonly<Record<string, string>>;

/** Options of the requests that a client sends. */
export interface RequestOptions {
  /** Headers. A function gets new ones at each attempt, such as a fresh token. */
  readonly headers?: EachAttempt<NonNullable<RequestInit["headers"]>>;
  /** Parameters to add to the URL, in place of those with the same name. Left out, none. */
  readonly params?: EachAttempt<Params>;
  /** The method. By default `GET`, or `POST` if there is a `body`. */
  readonly method?: EachAttempt<string>;
  /** The body. Left out, there is none. */
  readonly body?: EachAttempt<NonNullable<RequestInit["body"]> | null>;
  /**
   * Whether the body is sent again at a reconnect. By default a reconnect is a `GET` without a body, and
   * resumes by its id: a body may have had an effect.
   *
   * @default {false}
   */
  readonly resendBody?: boolean;
  /** Whether cookies go to another origin: `include`. Left out, as in `fetch()`. */
  readonly credentials?: NonNullable<RequestInit["credentials"]>;
  /** What sends the requests; by default `fetch()`. */
  readonly fetch?: (url: URL, init: RequestInit) => Promise<Response>;
}

/** Sends the request of an attempt. */
export async function sendRequest(
  options: RequestOptions,
  url: URL,
  signal: AbortSignal,
  info: AttemptInfo,
  isReconnect: boolean,
): Promise<Response> {
  const { credentials, fetch = globalThis.fetch } = options;
  const target = new URL(url);
  for (const [name, value] of Object.entries({ ...await valueOf(options.params, info) })) {
    target.searchParams.set(name, value);
  }
  const headers = new Headers(await valueOf(options.headers, info));
  headers.set("accept", "text/event-stream");
  if (info.lastEventId) headers.set("last-event-id", utf8(info.lastEventId));
  let method = await valueOf(options.method, info);
  let body = await valueOf(options.body, info);
  if (isReconnect && body && !options.resendBody) {
    if (!info.lastEventId) throw failure("Cannot resume without an id", 0);
    method = body = undefined;
  }
  method ??= body ? "POST" : "GET";
  // With "no-store" a browser sends `Cache-Control: no-cache`, as an EventSource does.
  const init = { cache: "no-store", method, headers, body, credentials, signal };
  return fetch(target, init as RequestInit);
}

/** Returns a value, or what a function makes of the attempt. */
export function valueOf<T>(value: EachAttempt<T>, info: AttemptInfo): T | Promise<T> {
  return isFunction(value) ? value(info) : value as T;
}

/** Whether an option is called at each attempt. */
export function isFunction(value: unknown): value is (info: AttemptInfo) => never {
  return typeof value === "function";
}

/** A header has bytes: a text goes as UTF-8, as an EventSource sends its id. */
function utf8(text: string): string {
  return unescape(encodeURIComponent(text)); // the bytes of UTF-8, each as a character
}
