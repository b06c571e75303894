/**
 * Which address a request comes from, where proxies may stand between.
 *
 * @module
 */

import { parseIpAddress } from "./ip_address.ts";

/**
 * Finds the client's address.
 *
 * Each proxy adds the address it was called from to the end of `X-Forwarded-For`, and what stands
 * before that is only claimed. So of the header just the last `trustedProxies` entries count, and the
 * first of those is the client.
 *
 * @param remoteAddress The address at the other end of the connection; `unknown` if not given.
 * @param trustedProxies How many proxies of one's own the request has passed; 0 ignores the header.
 * @returns An IP address in its one canonical spelling, without port, brackets and zone, an embedded
 * IPv4 address as IPv4; or `remoteAddress` as it is, where nothing is an address.
 */
export function clientAddress(
  request: Request,
  remoteAddress = "unknown",
  trustedProxies = 0,
): string {
  const entries = trustedProxies > 0
    ? request.headers.get("x-forwarded-for")?.split(",") ?? []
    : [];
  const claimed = entries.slice(-trustedProxies)[0]?.trim() ?? "";
  const address = parseIpAddress(withoutPort(claimed)) ?? parseIpAddress(remoteAddress);
  return address?.text ?? remoteAddress;
}

/** The address of `192.0.2.7:80`, `[2001:db8::7]` or `[2001:db8::7]:80`; any other text as it is. */
function withoutPort(text: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  return ipv6 ?? ipv4 ?? text;
}
