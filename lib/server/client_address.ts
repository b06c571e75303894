/**
 * The client's address of a request, also where proxies stand between the client and the server.
 *
 * @module
 */

import { type IpAddress, parseIpAddress } from "./ip_address.ts";
import type { RequestInfo } from "./router.ts";

/** The client's address of each request, found once. */
export class ClientAddresses {
  readonly #addresses = new WeakMap<Request, string>();
  readonly #trustProxy: number;
  readonly #onIgnored: (address: string) => void;

  /**
   * Trusts this many proxies.
   *
   * @param onIgnored Gets the address of a request that has the header `X-Forwarded-For` although no
   * proxy is trusted.
   */
  constructor(trustProxy: number, onIgnored: (address: string) => void) {
    this.#trustProxy = trustProxy;
    this.#onIgnored = onIgnored;
  }

  /** Finds the address of a request, when it arrives. */
  add(request: Request, info: RequestInfo): void {
    const address = clientAddress(request, peerAddress(info), this.#trustProxy);
    this.#addresses.set(request, address);
    if (this.#trustProxy === 0 && request.headers.has("x-forwarded-for")) this.#onIgnored(address);
  }

  /** The address of a request that was added. */
  of(request: Request): string {
    return this.#addresses.get(request) ?? "unknown";
  }
}

/** The address of the peer; `undefined` for a peer that has none, as on a Unix socket. */
export function peerAddress({ remoteAddr }: RequestInfo): string | undefined {
  return remoteAddr && "hostname" in remoteAddr ? `${remoteAddr.hostname}` : undefined;
}

/**
 * Finds the client's address.
 *
 * Each proxy appends the address that it was called from to `X-Forwarded-For`; the entries before that
 * one are only claimed. So only the last `trustedProxies` entries count, and the first of them is the
 * client's address.
 *
 * @param remoteAddress The address at the other end of the connection.
 * @param trustedProxies How many trusted proxies the request has passed; 0 ignores the header.
 * @returns An IP address in its canonical spelling, without port, brackets and zone, an embedded IPv4
 * address as IPv4; or `remoteAddress` unchanged if neither text is an address.
 */
export function clientAddress(
  request: Request,
  remoteAddress = "unknown",
  trustedProxies = 0,
): string {
  const claimed = trustedProxies > 0 ? claimedAddress(request, trustedProxies) : undefined;
  return (claimed ?? parseIpAddress(remoteAddress))?.text ?? remoteAddress;
}

/** The address that the first trusted proxy was called from, if its entry is an address. */
function claimedAddress({ headers }: Request, trustedProxies: number): IpAddress | undefined {
  const entries = headers.get("x-forwarded-for")?.split(",") ?? [];
  const [claimed = ""] = entries.slice(-trustedProxies);
  return parseIpAddress(withoutPort(claimed.trim()));
}

/** The address of `192.0.2.7:80`, `[2001:db8::7]` or `[2001:db8::7]:80`; any other text as it is. */
function withoutPort(text: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(text) ?? [];
  return ipv6 ?? ipv4 ?? text;
}
