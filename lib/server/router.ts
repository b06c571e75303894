/**
 * From a request's path and method to the handler of a route.
 *
 * @module
 */

import { problem } from "../problem.ts";

/** What the runtime knows of the connection a request came on, as `Deno.serve` gives it. */
export interface RequestInfo {
  /** The other end; its `hostname`, if it has one, is an IP address. */
  readonly remoteAddr?: object;
  /** Settles when the response has been sent, or can't be. */
  readonly completed?: Promise<void>;
}

/** Answers a request. */
export type Handler = (request: Request, info: RequestInfo) => Response | Promise<Response>;

/** The handlers of a path, by method; `HEAD` goes to `GET` unless it has its own. */
export type Route = Readonly<Record<string, Handler>>;

/**
 * Makes one handler of many routes.
 *
 * - 404 where there is no such path, 405 with `Allow` where the path has no such method.
 * - `OPTIONS` is 204 with `Allow` on every path that has none of its own, and for `*`.
 * - `HEAD` has no body, and the length of `GET` only where the handler set it.
 * - 400 for a target or a `Host` that the client and a proxy in front may read in different ways: a
 *   `#`, or a host that is none (RFC 9112, section 3.2).
 *
 * @param routes By path, as it stands in the request line: nothing is decoded or folded, so `..` and
 * its encodings match nothing. `/a/*` is all below `/a/` that has no route of its own. A path with a
 * trailing slash is the same path, unless it has a route of its own.
 */
export function createRouter(routes: ReadonlyMap<string, Route>): Handler {
  return async (request, info) => withoutBody(request, await answer(routes, request, info));
}

/** Takes the body from the answer to a HEAD request (RFC 9110, section 9.3.2). */
export function withoutBody(request: Request, response: Response): Response {
  if (request.method !== "HEAD") return response;
  // The runtime sends null as a length of 0, which the answer to GET does not have.
  const hasLength = response.headers.has("content-length") || NULL_BODY.has(response.status);
  response.body?.cancel().catch(() => {}); // Nobody waits for what the body failed with.
  return new Response(hasLength ? null : emptyStream(), response);
}

/** The statuses that have no body (https://fetch.spec.whatwg.org/#null-body-status). */
const NULL_BODY = new Set([101, 103, 204, 205, 304]);

function emptyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

function answer(
  routes: ReadonlyMap<string, Route>,
  request: Request,
  info: RequestInfo,
): Response | Promise<Response> {
  const { method, url } = request;
  if (!isHost(request.headers.get("host") ?? "") || !isHost(authority(url))) {
    return problem(400, "The Host header or the host in the request target is invalid");
  }
  // A proxy that reads it as a path has other rules for it than this server would.
  if (url.includes("#")) return problem(400, "The request target contains a #; write it as %23");
  const path = rawPath(url);
  if (method === "OPTIONS" && path === "/*") return options(new Set(["GET", "POST", "DELETE"]));
  const route = findRoute(routes, path);
  if (!route) return problem(404, "Nothing is served at this path");
  const methods = new Set(Object.keys(route));
  const handler = methods.has(method)
    ? route[method]
    : method === "HEAD" && methods.has("GET")
    ? route.GET
    : undefined;
  if (handler) return handler(request, info);
  if (method === "OPTIONS") return options(methods);
  const allow = allowed(methods);
  return problem(405, `Use ${allow}`, { allow });
}

function findRoute(routes: ReadonlyMap<string, Route>, path: string): Route | undefined {
  return routes.get(path) ?? routes.get(path.replace(/(?<=^\/[^/]+\/).+$/, "*")) ??
    routes.get(path.replace(/(?<=[^/])\/$/, ""));
}

function options(methods: ReadonlySet<string>): Response {
  return new Response(null, { status: 204, headers: { allow: allowed(methods) } });
}

/** The methods as `Allow` has them (RFC 9110, section 10.2.1). */
function allowed(methods: ReadonlySet<string>): string {
  const all = methods.has("GET") ? ["GET", "HEAD", ...methods] : [...methods];
  return [...new Set([...all, "OPTIONS"])].join(", ");
}

/** The path of a request's URL as the client wrote it. */
export function rawPath(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? url;
}

/**
 * The name below a folder that a path ends in, decoded once, without a `/` at its end.
 *
 * @param folder Ends in `/`.
 * @returns `undefined` where the name is not percent-encoded UTF-8.
 */
export function nameBelow(folder: string, path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(folder.length).replace(/\/$/, ""));
  } catch {
    // A "%" that encodes nothing: no name is written like that.
    return undefined;
  }
}

/**
 * The host of a request's URL, with its port, as the client wrote it: in HTTP/1.1 the header `Host`,
 * unless the target has a host itself; in HTTP/2, which has no `Host`, `:authority`.
 */
export function authority(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

/** Whether a text is a host, perhaps with a port (RFC 3986, section 3.2.2), and without a user. */
function isHost(text: string): boolean {
  return /^(?:\[[\w:.%~-]+\]|[\w.~!$&'()*+;=%-]*)(?::[0-9]*)?$/.test(text);
}
