/**
 * The address that the server listens on, as it is printed, and the curl arguments that reach it.
 *
 * @module
 */

/** An address from the runtime: TCP, or the kind that `DENO_SERVE_ADDRESS` selects instead. */
export interface ListenAddress {
  /** The transport: `tcp`, `unix`, `vsock` or another one of the runtime. */
  readonly transport: string;
  /** The IP address, for TCP. */
  readonly hostname?: string;
  /** The port, for TCP. */
  readonly port?: number;
  /** The file of a Unix socket. */
  readonly path?: string;
}

/** An address as it is printed. */
export interface ShownAddress {
  /** A URL for TCP, else the transport and the path if there is one, such as `unix:/run/hub.sock`. */
  readonly text: string;
  /**
   * Returns the arguments with which curl requests a path there; `undefined` if curl can't reach it.
   */
  readonly curl: ((path: string) => string) | undefined;
}

/** Shows an address. `scheme` is the scheme of its URL, for TCP. */
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
