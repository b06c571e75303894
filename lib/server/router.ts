/**
 * Finds the handler of a request by its path and its method.
 *
 * @module
 */

import { refuse, withBody } from "./refusal.ts";

/** The runtime's information about the connection of a request, as `Deno.serve` passes it. */
export interface RequestInfo {
  /** The peer's address; its `hostname`, if it has one, is an IP address. */
  readonly remoteAddr?: object;
  /** Settles when the response has been sent, or could not be sent. */
  readonly completed?: Promise<void>;
}

/** Answers a request. */
export type Handler = (request: Request, info: RequestInfo) => Response | Promise<Response>;

/** The handlers of a path by method; `HEAD` goes to `GET` unless it has its own handler. */
export type Route = Readonly<Record<string, Handler>>;

/**
 * Makes one handler of many routes.
 *
 * - An unknown path gets a 404, an unknown method of a path a 405 with `Allow`.
 * - `OPTIONS` gets a 204 with `Allow`, for `*` and for every path without a handler of its own for it.
 * - The answer to `HEAD` has no body, and has the length of `GET` only if the handler set it.
 * - A request that the client and a proxy in front may read in different ways gets a 400: one with a
 *   `#` in its target, or with an invalid host (RFC 9112, section 3.2).
 *
 * @param routes The routes by path, compared with the path in the request line: nothing is decoded or
 * folded, so `..` and its encodings match no route. `/a/*` matches every path below `/a/` without a
 * route of its own. A trailing slash is ignored, unless the path with it has a route of its own.
 * @param hints What else a 404 and a 405 say.
 */
export function createRouter(routes: ReadonlyMap<string, Route>, hints: RouteHints = {}): Handler {
  return (request, info) => {
    const response = answer(routes, hints, request, info);
    return request.method === "HEAD" ? answerHead(request, response) : response;
  };
}

/** The descriptions in the answers to requests that no handler gets. */
export interface RouteHints {
  /** Describes a 404. By default it says that nothing is served at the path. */
  readonly missingPath?: (request: Request) => string;
  /** Describes a 405. By default it names the methods of `allow`. */
  readonly wrongMethod?: (request: Request, allow: string) => string;
}

async function answerHead(
  request: Request,
  response: Response | Promise<Response>,
): Promise<Response> {
  return withoutBody(request, await response);
}

/** Removes the body from the response to a HEAD request (RFC 9110, section 9.3.2). */
export function withoutBody(request: Request, response: Response): Response {
  if (request.method !== "HEAD") return response;
  // For a null body the runtime sends a length of 0, which differs from the answer to GET.
  const hasLength = response.headers.has("content-length") || NULL_BODY.has(response.status);
  response.body?.cancel().catch(() => {}); // Nobody waits for the body's error.
  return withBody(hasLength ? null : emptyStream(), response);
}

/** The statuses of responses without a body (https://fetch.spec.whatwg.org/#null-body-status). */
const NULL_BODY = new Set([101, 103, 204, 205, 304]);

function emptyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

function answer(
  routes: ReadonlyMap<string, Route>,
  hints: RouteHints,
  request: Request,
  info: RequestInfo,
): Response | Promise<Response> {
  const { method, url } = request;
  const host = request.headers.get("host") ?? "";
  const target = authority(url);
  // In most requests both are the same text.
  if (!isHost(host) || (target !== host && !isHost(target))) {
    return refuse("target", "The Host header or the host in the request target is invalid");
  }
  // A proxy may read the target as a longer path than this server, and apply other rules to it.
  if (url.includes("#")) {
    return refuse("target", "The request target contains a #; write it as %23");
  }
  const path = rawPath(url);
  if (method === "OPTIONS" && path === "/*") return options(new Set(["GET", "POST", "DELETE"]));
  const route = findRoute(routes, path);
  if (!route) {
    return refuse("path", hints.missingPath?.(request) ?? "Nothing is served at this path");
  }
  const handler = methodOf(route, method) ?? (method === "HEAD" ? route.GET : undefined);
  if (handler) return handler(request, info);
  const methods = new Set(Object.keys(route));
  if (method === "OPTIONS") return options(methods);
  const allow = allowed(methods);
  return refuse("method", hints.wrongMethod?.(request, allow) ?? `Use ${allow}`, { allow });
}

/** The handler of a method; a client may send the name of any property as its method. */
function methodOf(route: Route, method: string): Handler | undefined {
  return Object.hasOwn(route, method) ? route[method] : undefined;
}

function findRoute(routes: ReadonlyMap<string, Route>, path: string): Route | undefined {
  return routes.get(path) ?? routes.get(path.replace(/(?<=^\/[^/]+\/).+$/, "*")) ??
    routes.get(path.replace(/(?<=[^/])\/$/, ""));
}

function options(methods: ReadonlySet<string>): Response {
  return new Response(null, { status: 204, headers: { allow: allowed(methods) } });
}

/** Writes methods for the header `Allow` (RFC 9110, section 10.2.1). */
function allowed(methods: ReadonlySet<string>): string {
  const all = new Set(methods.has("GET") ? ["GET", "HEAD", ...methods] : methods);
  all.delete("OPTIONS");
  return [...all, "OPTIONS"].join(", ");
}

/** The path of a request's URL as the client wrote it. */
export function rawPath(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? url;
}

/**
 * Decodes the rest of a path below a folder, once, without a `/` at its end.
 *
 * @param folder Ends in `/`.
 * @returns `undefined` if the rest is not percent-encoded UTF-8.
 */
export function nameBelow(folder: string, path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(folder.length).replace(/\/$/, ""));
  } catch {
    // A "%" that encodes nothing is in no name.
    return undefined;
  }
}

/**
 * The host and port of a request's URL as the client wrote them: in HTTP/1.1 those of the header
 * `Host`, unless the request target contains a host; in HTTP/2, which has no `Host`, those of
 * `:authority`.
 */
export function authority(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

/** Whether a text is a valid host, with or without a port (RFC 3986, section 3.2.2), without a user. */
function isHost(text: string): boolean {
  return /^(?:\[[\w:.%~-]+\]|[\w.~!$&'()*+;=%-]*)(?::[0-9]*)?$/.test(text);
}
