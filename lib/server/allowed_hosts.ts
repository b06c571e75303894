/**
 * Which host names in the `Host` header the server answers to. The check stops DNS rebinding: a page of
 * another site makes its own name resolve to `127.0.0.1`, and the browser then takes a hub on this
 * machine for that page's own server.
 *
 * @module
 */

import { peerAddress } from "./client_address.ts";
import { parseIpAddress } from "./ip_address.ts";
import { refuse } from "./refusal.ts";
import { authority, type Handler, type RequestInfo } from "./router.ts";

/** Options of {@linkcode withAllowedHosts}. */
export interface AllowedHostsOptions {
  /**
   * The names to serve: see {@linkcode isHostPattern}. Without a list every name is served, except to
   * clients on this machine that come without a proxy.
   */
  readonly allowedHosts: readonly string[] | undefined;
  /** How many proxies stand in front. */
  readonly trustProxy: number;
  /** Called with the host name of each refused request. */
  readonly onRefused: (host: string) => void;
}

/**
 * Wraps a handler so that a request for any other host name gets a 421.
 *
 * IP addresses, `localhost`, the names below it, and names without a dot are always served: the owner
 * of a public domain can't make any of them resolve to this machine. Other names are served if they
 * are in the list. Without a list they are served unless the client is on this machine and `trustProxy`
 * is 0.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20 RFC 9110, section 15.5.20}
 */
export function withAllowedHosts(handler: Handler, options: AllowedHostsOptions): Handler {
  const { allowedHosts, trustProxy, onRefused } = options;
  return (request, info) => {
    const isChecked = allowedHosts !== undefined || (trustProxy === 0 && isOnThisMachine(info));
    if (!isChecked) return handler(request, info);
    const name = hostName(request);
    if (isLocalName(name) || allowedHosts?.some((pattern) => matches(pattern, name))) {
      return handler(request, info);
    }
    onRefused(name);
    return refuse("host", REFUSAL);
  };
}

/**
 * Whether a text is a pattern of host names: a name, `*.` and a name for all names below it, or `*`.
 */
export function isHostPattern(text: string): boolean {
  return text === "*" ||
    (text.length <= 255 && /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(text));
}

const REFUSAL =
  "This server does not serve this host name; the operator can add it to ALLOWED_HOSTS " +
  "or, if a proxy stands in front, set TRUST_PROXY";

// A peer with a loopback address can only have connected to a loopback address.
function isOnThisMachine(info: RequestInfo): boolean {
  return parseIpAddress(peerAddress(info) ?? "")?.isLoopback ?? false;
}

/** The host name that a request asks for, in lower case, without port and final dot. */
function hostName({ headers, url }: Request): string {
  // HTTP/2 has no "Host", and HTTP/1.0 may have none; the URL then has the host.
  const host = headers.get("host") || authority(url);
  return host.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

/**
 * Whether no stranger can own a name: it has no dot inside, is below `localhost`, or is an IP address.
 */
function isLocalName(name: string): boolean {
  const address = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
  return !/[^.]\.[^.]/.test(name) || name.endsWith(".localhost") ||
    parseIpAddress(address) !== undefined;
}

function matches(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted === "*" || wanted === name ||
    (wanted.startsWith("*.") && name.endsWith(wanted.slice(1)));
}
