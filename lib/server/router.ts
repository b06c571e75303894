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
 * Makes one handler of many routes: 404 where there is no such path, 405 with `Allow` where the path
 * has no such method, and no body for `HEAD`.
 *
 * @param routes By path, as it stands in the request line: nothing is decoded or folded, so `..` and
 * its encodings match nothing. `/a/*` is all below `/a/` that has no route of its own.
 */
export function createRouter(routes: ReadonlyMap<string, Route>): Handler {
  return async (request, info) => withoutBody(request, await answer(routes, request, info));
}

/** Takes the body from the answer to a HEAD request (RFC 9110, section 9.3.2). */
export function withoutBody(request: Request, response: Response): Response {
  return request.method === "HEAD" ? new Response(null, response) : response;
}

function answer(
  routes: ReadonlyMap<string, Route>,
  request: Request,
  info: RequestInfo,
): Response | Promise<Response> {
  // The runtime makes the URL of Host and path: a path in the Host would pass for the request's.
  if (/[/\\?#]/.test(request.headers.get("host") ?? "")) return problem(400, "Host is no host");
  const path = rawPath(request.url);
  const route = routes.get(path) ?? routes.get(path.replace(/(?<=^\/[^/]+\/).+$/, "*"));
  if (!route) return problem(404, "There is nothing at this path");
  const methods = new Set(Object.keys(route));
  if (methods.has("GET")) methods.add("HEAD");
  if (!methods.has(request.method)) {
    const allow = [...methods].join(", ");
    return problem(405, `Use ${allow}`, { allow });
  }
  return (route[request.method] ?? route.GET!)(request, info);
}

/** The path of a request's URL as the client wrote it. */
export function rawPath(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? url;
}
