/**
 * Where a Redis or one of its sentinels is, as a text names it.
 *
 * @module
 */

/** The host and the port of a server. */
export interface RedisAddress {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
}

/** A sentinel, and how to log in to it. */
export interface SentinelAddress extends RedisAddress {
  /** Whether it speaks TLS; `undefined` for what the Redis does. */
  readonly tls: boolean | undefined;
  /** The user to log in as; `undefined` for `default`. */
  readonly username: string | undefined;
  /** The password; `undefined` for none. */
  readonly password: string | undefined;
}

/** Whether a text is the URL of a Redis: with a host, and with nothing or a database as its path. */
export function isRedisUrl(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return false;
  const { protocol, hostname, pathname, username, password } = new URL(url);
  return /^rediss?:$/.test(protocol) && hostname !== "" && /^(?:\/[0-9]*)?$/.test(pathname) &&
    isDecodable(username) && isDecodable(password);
}

/**
 * Reads the address of a sentinel, `[redis[s]://][[user][:password]@]host[:port]`; the port is 26379
 * unless it says otherwise.
 *
 * @returns `undefined` if the text is none.
 */
export function parseSentinel(text: string): SentinelAddress | undefined {
  const hasScheme = text.includes("://");
  const url = hasScheme ? text : `redis://${text}`;
  if (!isRedisUrl(url)) return undefined;
  const { protocol, hostname, port, pathname, username, password } = new URL(url);
  if (!/^\/?$/.test(pathname)) return undefined;
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? SENTINEL_PORT : Number(port),
    tls: hasScheme ? protocol === "rediss:" : undefined,
    username: decodeURIComponent(username) || undefined,
    password: decodeURIComponent(password) || undefined,
  };
}

/**
 * Reads which node of a Redis Cluster has a key, from the error `MOVED <slot> <host>:<port>`.
 *
 * @returns `undefined` if the text is another one; the host is `""` where it is that of the node asked.
 */
export function parseMoved(message: string): RedisAddress | undefined {
  const [, host, port] = /^MOVED [0-9]+ (.*):([0-9]+)$/.exec(message) ?? [];
  return port === undefined ? undefined : { host: host!, port: Number(port) };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const SENTINEL_PORT = 26_379;
