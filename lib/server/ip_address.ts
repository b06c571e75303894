/**
 * IP addresses: every spelling of an address is the same address.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4291 RFC 4291}
 *
 * @module
 */

/** A parsed IP address. */
export interface IpAddress {
  /** The canonical spelling (RFC 5952), without a zone; an embedded IPv4 address as IPv4. */
  readonly text: string;
  /**
   * The block that counts as one client: an IPv4 address, or the /64 of an IPv6 address, since a single
   * customer has the whole /64.
   */
  readonly block: string;
  /** Whether the address is a loopback address: `127.0.0.0/8` or `::1`. */
  readonly isLoopback: boolean;
  /**
   * Whether the address is one of the public internet: not loopback, link-local, unspecified, private
   * (RFC 1918, `fc00::/7`) or shared (`100.64.0.0/10`).
   */
  readonly isPublic: boolean;
}

/**
 * Parses an IPv4 address, or an IPv6 address with or without a zone (`fe80::1%eth0`).
 *
 * An IPv4 address that is mapped into IPv6 (`::ffff:192.0.2.7`, `::ffff:c000:207`) or translated by
 * NAT64 (`64:ff9b::/96`, RFC 6052) becomes IPv4. Octal, hexadecimal and shortened IPv4 addresses are
 * rejected, because parsers disagree on them.
 *
 * @returns `undefined` if the text is not an address, or has more than 64 characters.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  if (!text.includes(":")) return ipv4(text);
  const [address = "", ...zones] = text.split("%");
  const groups = zones.length > 1 || zones[0] === "" ? undefined : parseIpv6(address);
  if (!groups) return undefined;
  const [high = 0, low = 0] = groups.slice(6).map((group) => parseInt(group, 16));
  return IPV4_PREFIXES.includes(groups.slice(0, 6).join(":"))
    ? ipv4([high >> 8, high & 255, low >> 8, low & 255].join("."))
    : ipv6(groups, canonical(address));
}

/**
 * The {@linkcode IpAddress.block} of an address; a text that is not an address is returned unchanged.
 */
export function addressBlock(address: string): string {
  return parseIpAddress(address)?.block ?? address;
}

const MAX_CHARACTERS = 64;

const BYTE = String.raw`25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d`;
const IPV4 = new RegExp(`^(${BYTE})\\.(${BYTE})\\.(?:${BYTE})\\.(?:${BYTE})$`);

/** The first six groups of a mapped address (RFC 4291, section 2.5.5.2) and of a translated one. */
const IPV4_PREFIXES = ["0:0:0:0:0:ffff", "64:ff9b:0:0:0:0"];

function ipv4(text: string): IpAddress | undefined {
  const [, first, second] = IPV4.exec(text) ?? [];
  if (first === undefined) return undefined;
  const a = Number(first);
  const b = Number(second);
  const isLoopback = a === 127;
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
  const isReserved = a === 0 || (a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254);
  return { text, block: text, isLoopback, isPublic: !isLoopback && !isPrivate && !isReserved };
}

function ipv6(groups: readonly string[], text: string): IpAddress {
  const first = parseInt(groups[0] ?? "", 16);
  const isLoopback = text === "::1";
  const isPrivate = (first & 0xfe00) === 0xfc00;
  const isReserved = text === "::" || (first & 0xffc0) === 0xfe80;
  const block = `${groups.slice(0, 4).join(":")}::/64`;
  return { text, block, isLoopback, isPublic: !isLoopback && !isPrivate && !isReserved };
}

/** The eight groups in hexadecimal, without leading zeros. */
function parseIpv6(address: string): string[] | undefined {
  const text = canonical(address);
  if (text === "") return undefined;
  const [front = [], back = []] = text.split("::").map((part) => part.split(":").filter(Boolean));
  return [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
}

/**
 * An IPv6 address as the URL standard writes it: RFC 5952 without dots. `""` if the text is not an
 * address.
 */
function canonical(address: string): string {
  // Only these characters may stand between the brackets, so the text can't change the URL.
  if (!/^[0-9a-f:.]+$/i.test(address)) return "";
  const undotted = withoutDots(address);
  return undotted && (URL.parse(`http://[${undotted}]/`)?.hostname.slice(1, -1) ?? "");
}

/**
 * An IPv6 address with the IPv4 address at its end in hexadecimal, since Bun 1.4 rejects
 * `2001:db8::0.0.0.0`. `""` if the end is not an IPv4 address.
 */
function withoutDots(address: string): string {
  const at = address.lastIndexOf(":") + 1;
  const parts = address.slice(at).split(".");
  if (parts.length === 1) return address;
  if (!ipv4(address.slice(at))) return "";
  const [a = 0, b = 0, c = 0, d = 0] = parts.map(Number);
  return `${address.slice(0, at)}${(a << 8 | b).toString(16)}:${(c << 8 | d).toString(16)}`;
}

/** Whether a URL's host can only be this machine: `localhost`, or a loopback address. */
export function isLoopbackHost(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  return hostname === "localhost" || parseIpAddress(address)?.isLoopback === true;
}
