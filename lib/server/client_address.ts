/**
 * Which address a request comes from, where proxies may stand between.
 *
 * @module
 */

/**
 * Finds the client's address.
 *
 * Each proxy adds the address it was called from to the end of `X-Forwarded-For`, and what stands
 * before that is only claimed. So of the header just the last `trustedProxies` entries count, and the
 * first of those is the client.
 *
 * @param remoteAddress The address at the other end of the connection; `unknown` if not given.
 * @param trustedProxies How many proxies of one's own the request has passed; 0 ignores the header.
 * @returns An IP address without port or brackets, or `remoteAddress`.
 */
export function clientAddress(
  request: Request,
  remoteAddress = "unknown",
  trustedProxies = 0,
): string {
  const entries = request.headers.get("x-forwarded-for")?.split(",") ?? [];
  const trusted = entries.slice(Math.max(0, entries.length - trustedProxies));
  const claimed = trustedProxies > 0 ? trusted[0]?.trim() : undefined;
  return (claimed && withoutPort(claimed)) || remoteAddress;
}

function withoutPort(address: string): string | undefined {
  const [, ipv6, ipv4, bare] =
    /^(?:\[([0-9a-f:.]+)\](?::\d+)?|(\d+(?:\.\d+){3})(?::\d+)?|([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*))$/i
      .exec(address) ?? [];
  return ipv6 ?? ipv4 ?? bare;
}

/**
 * What counts as one address where a limit is per address: an IPv4 address, also one mapped into IPv6,
 * and of IPv6 the /64 that a single customer has.
 */
export function addressBlock(address: string): string {
  const [, mapped] = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address) ?? [];
  if (mapped || !address.includes(":")) return mapped ?? address;
  const [front = [], back = []] = address.split("::").map((part) => part.split(":"));
  const zeros = Array(Math.max(0, 8 - front.length - back.length)).fill("0");
  const groups = address.includes("::") ? [...front, ...zeros, ...back] : front;
  return `${
    groups.slice(0, 4).map((group) => parseInt(group || "0", 16).toString(16)).join(":")
  }::/64`;
}
