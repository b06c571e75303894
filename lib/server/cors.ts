/**
 * Cross-Origin Resource Sharing: which pages of other origins may use the server, with credentials.
 *
 * @see {@link https://fetch.spec.whatwg.org/#http-cors-protocol}
 *
 * @module
 */

import { problem } from "../problem.ts";
import { changeHeaders } from "./response_headers.ts";
import type { Handler } from "./router.ts";

/**
 * Wraps a handler so that pages of these origins may use it, and answers their preflights; a
 * preflight of any other origin is 403. A preflight allows every method there is, and the headers it
 * asks for: the origin is trusted, its scripts' headers need no list. All other requests reach the handler, whatever their origin:
 * it is the browser that keeps the answer from the page.
 *
 * @param origins Compared as they stand, so `null` and wildcards match nothing and are refused. None
 * leaves the handler as it is.
 * @throws {TypeError} If one is no origin: see {@linkcode isOrigin}.
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
 * Whether a text is an origin as browsers write it in `Origin`: scheme, host and perhaps a port, no
 * path, no wildcard. Of `http` and `https` the host is in lower case, and the port is there only where
 * it is not the scheme's own. Other schemes are those of apps and extensions, such as
 * `capacitor://localhost` and `chrome-extension://<id>`; but pages never have the origin of a `file:`,
 * `ftp:`, `ws:` or `wss:` URL.
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
    // No URL, so no origin.
    return false;
  }
}

function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("origin") &&
    headers.has("access-control-request-method");
}

/** Allows the headers that are asked for, since scripts and tracing send headers of their own. */
function answerPreflight({ headers }: Request, isAllowed: boolean): Response {
  if (!isAllowed) {
    return problem(
      403,
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

/** Says whom the answer is for. */
function setHeaders(headers: Headers, origin: string | undefined): void {
  const vary = headers.get("vary") ?? "";
  if (!/(?:^|,)\s*(?:\*|origin)\s*(?:,|$)/i.test(vary)) headers.append("vary", "Origin");
  if (origin === undefined) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", "Retry-After");
}
