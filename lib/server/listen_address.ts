/**
 * How to name the address that the server listens on, and how to reach it.
 *
 * @module
 */

/** An address as the runtime gives it: TCP, or what `DENO_SERVE_ADDRESS` puts in its place. */
export interface ListenAddress {
  /** `tcp`, `unix`, `vsock` or another of the runtime's. */
  readonly transport: string;
  /** The IP address, for TCP. */
  readonly hostname?: string;
  /** The port, for TCP. */
  readonly port?: number;
  /** The file of a Unix socket. */
  readonly path?: string;
}

/** What to print of an address. */
export interface ShownAddress {
  /** A URL for TCP, else the transport and the path if there is one, as in `unix:/run/hub.sock`. */
  readonly text: string;
  /** The arguments with which curl requests a path there; `undefined` where curl can't. */
  readonly curl: ((path: string) => string) | undefined;
}

/** Names an address, for TCP by the scheme that is spoken there. */
export function showAddress(address: ListenAddress, scheme: "http" | "https"): ShownAddress {
  const { transport, hostname, port, path: file } = address;
  if (hostname !== undefined && port !== undefined) {
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const reachable = host === "0.0.0.0" || host === "[::]" ? "localhost" : host;
    return {
      text: `${scheme}://${host}:${port}/`,
      curl: (path) => `'${scheme}://${reachable}:${port}${path}'`,
    };
  }
  if (file === undefined) return { text: transport, curl: undefined };
  return {
    text: `${transport}:${file}`,
    curl: (path) => `--unix-socket '${file}' '${scheme}://localhost${path}'`,
  };
}
