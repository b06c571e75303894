/**
 * Protection against cross-site request forgery: a browser sends cookies also with requests that pages
 * of other sites make, so a cookie authorizes a change only if one of this server's pages asks for it.
 *
 * @module
 */

import { refuse } from "./refusal.ts";
import { authority } from "./router.ts";

/** Whether a request changes nothing (RFC 9110, section 9.2.1). */
export function isSafe({ method }: Request): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * Whether a page of this server sent the request, or its user did without any page, judging by
 * `Sec-Fetch-Site` or else `Origin`. When in doubt, no.
 */
export function isFromOwnPage({ headers, url }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const host = headers.get("host") ?? authority(url);
  const [, origin] = /^https?:\/\/(.+)$/.exec(headers.get("origin") ?? "") ?? [];
  return host !== "" && origin === host.toLowerCase();
}

/**
 * Answers a request that would change something by a cookie, and that another site's page may have
 * sent.
 */
export function refuseForeignPage(): Response {
  return refuse(
    "foreign_page",
    "A cookie authorizes changes only from pages of this server; elsewhere send the token in the " +
      "header Authorization: Bearer <token>",
  );
}
