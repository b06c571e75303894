/**
 * Addresses of Redis servers and sentinels, read from texts.
 *
 * @module
 */

/** The host and the port of a server. */
export interface RedisAddress {
  /** A host name or an IP address, without brackets. */
  readonly host: string;
  /** The TCP port. */
  readonly port: number;
}

/** The address of a sentinel, and its login. */
export interface SentinelAddress extends RedisAddress {
  /** Whether the sentinel speaks TLS; `undefined` to do as the master does. */
  readonly tls: boolean | undefined;
  /** The user to log in as; `undefined` for `default`. */
  readonly username: string | undefined;
  /** The password; `undefined` for none. */
  readonly password: string | undefined;
}

/** Whether a text is a Redis URL: it must have a host, and its path must be empty or a database number. */
export function isRedisUrl(url: string | undefined): boolean {
  if (url === undefined || !URL.canParse(url)) return false;
  const { protocol, hostname, pathname, username, password } = new URL(url);
  return /^rediss?:$/.test(protocol) && hostname !== "" && /^(?:\/[0-9]*)?$/.test(pathname) &&
    isDecodable(username) && isDecodable(password);
}

/**
 * Parses the address of a sentinel, `[redis[s]://][[user][:password]@]host[:port]`, with the default port
 * 26379.
 *
 * @returns The address; `undefined` if the text is invalid.
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
 * Parses the error `MOVED <slot> <host>:<port>`, which names the Redis Cluster node that has a key.
 *
 * @returns The address of the node, with the host `""` if only the port differs from the node asked.
 * `undefined` if the text is another error.
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
