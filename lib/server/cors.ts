/**
 * Cross-Origin Resource Sharing: which pages of other origins may use the server, with credentials.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-cors-protocol}
 *
 * @module
 */

import { isFromOwnPage } from "./csrf.ts";
import { refuse } from "./refusal.ts";
import { changeHeaders } from "./response_headers.ts";
import type { Handler } from "./router.ts";

/**
 * Wraps a handler so that pages of these origins may use it, and answers their preflights. A preflight
 * allows every method of the server and every header that it asks for: a trusted origin's scripts need
 * no list of headers. A preflight of any other origin gets a 403. All other requests reach the handler,
 * whatever their origin: the browser keeps the answer from the page.
 *
 * @param origins Compared exactly, so `null` and wildcards would match nothing and are rejected. An
 * empty list returns the handler unchanged.
 * @throws {TypeError} If one is not an origin: see {@linkcode isOrigin}.
 */
export function withCors(handler: Handler, origins: readonly string[]): Handler {
  for (const origin of origins) {
    if (isOrigin(origin)) continue;
    throw new TypeError(
      `Cannot allow origin: expected one like https://example.com, got ${JSON.stringify(origin)}`,
    );
  }
  if (origins.length === 0) return handler;
  const allowed = new Set(origins);
  return async (request, info) => {
    const origin = request.headers.get("origin") ?? "";
    const isAllowed = allowed.has(origin);
    const response = isPreflight(request)
      ? answerPreflight(request, isAllowed)
      : await handler(request, info);
    return changeHeaders(
      response,
      (headers) => setHeaders(headers, isAllowed ? origin : undefined),
    );
  };
}

/**
 * Whether a page of another origin than these sent a request. The browser keeps the answer from the
 * page.
 */
export function isCorsMiss(request: Request, origins: readonly string[]): boolean {
  const origin = request.headers.get("origin");
  return origin !== null && !origins.includes(origin) && !isFromOwnPage(request);
}

/**
 * Whether a text is an origin as browsers write it in `Origin`: a scheme, a host and perhaps a port,
 * without a path or a wildcard. With `http` and `https` the host must be in lower case, and the port
 * must differ from the scheme's default. Other schemes belong to apps and extensions, such as
 * `capacitor://localhost` and `chrome-extension://<id>`. No page has the origin of a `file:`, `ftp:`,
 * `ws:` or `wss:` URL.
 */
export function isOrigin(text: string): boolean {
  const [, scheme = "", host = "", port = "1"] = ORIGIN.exec(text) ?? [];
  if (/^https?$/.test(scheme)) return isHttpOrigin(text);
  if (/^(?:|file|ftp|wss?)$/.test(scheme)) return false;
  return host !== "" && Number(port) <= 65_535;
}

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([A-Za-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]*))?$/;

function isHttpOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    // A text that is not a URL is not an origin.
    return false;
  }
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("origin") &&
    headers.has("access-control-request-method");
}

/** Allows the headers that the preflight asks for, since scripts and tracing send their own headers. */
function answerPreflight({ headers }: Request, isAllowed: boolean): Response {
  if (!isAllowed) {
    return refuse(
      "origin",
      "This server does not allow pages of this origin; the operator can add it to CORS_ORIGINS",
    );
  }
  const asked = headers.get("access-control-request-headers") ?? "";
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, HEAD, POST, DELETE",
      "access-control-allow-headers": isHeaderList(asked) ? asked : DEFAULT_HEADERS,
      "access-control-max-age": "7200",
      "vary": "Access-Control-Request-Headers",
    },
  });
}

const DEFAULT_HEADERS = "Last-Event-ID, Authorization, Content-Type, Cache-Control";

/** Whether a text is a list of header names (RFC 9110, section 5.1) of at most 1 024 characters. */
function isHeaderList(text: string): boolean {
  if (text.length > 1_024) return false;
  return text.split(",").every((name) => /^[ \t]*[\w!#$%&'*+.^`|~-]+[ \t]*$/.test(name));
}

/** Sets the CORS headers of a response. `origin` is the request's origin if it is allowed. */
function setHeaders(headers: Headers, origin: string | undefined): void {
  const vary = headers.get("vary") ?? "";
  if (!/(?:^|,)\s*(?:\*|origin)\s*(?:,|$)/i.test(vary)) headers.append("vary", "Origin");
  if (origin === undefined) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", "Retry-After");
}
