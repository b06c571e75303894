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
  /** The URL for TCP, else the transport and the path if there is one, such as `unix:/run/hub.sock`. */
  readonly text: string;
  /** The URL to open on this machine, with a slash at its end; `undefined` if a browser can't reach it. */
  readonly url: string | undefined;
  /** Whether the server listens at every address of this machine. */
  readonly isEverywhere: boolean;
  /**
   * Returns the arguments with which curl requests a path there; `undefined` if curl can't reach it.
   */
  readonly curl: ((path: string) => string) | undefined;
}

/** Shows an address. `scheme` is the scheme of its URL, for TCP. */
export function showAddress(address: ListenAddress, scheme: "http" | "https"): ShownAddress {
  const { transport, hostname, port, path: file } = address;
  if (hostname !== undefined && port !== undefined) {
    const isEverywhere = hostname === "0.0.0.0" || hostname === "::";
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const origin = `${scheme}://${isEverywhere ? "localhost" : host}:${port}`;
    const url = `${origin}/`;
    return { text: url, url, isEverywhere, curl: (path) => `"${origin}${path}"` };
  }
  const nowhere = { url: undefined, isEverywhere: false };
  if (file === undefined) return { text: transport, curl: undefined, ...nowhere };
  return {
    text: `${transport}:${file}`,
    curl: (path) => `--unix-socket '${file}' "${scheme}://localhost${path}"`,
    ...nowhere,
  };
}
