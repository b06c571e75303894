/**
 * Responses that refuse a request, as problem details.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}
 *
 * @module
 */

/**
 * Makes a response that refuses a request, of type `application/problem+json`.
 *
 * @param detail What is wrong and what to send instead. The client reads it: never pass the message of an
 * inner error.
 *
 * @example
 * ```ts ignore
 * problem(405, "Use GET or HEAD", { allow: "GET, HEAD" });
 * ```
 */
export function problem(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ status, title: TITLES[status], detail }, {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

/** The reason phrases of the statuses in use, as in RFC 9110, section 15, and RFC 6585. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
