/**
 * The proxies through which clients reach the server: nginx and Caddy with the files of the manual, over
 * HTTP/1.1, and over HTTP/2 with TLS.
 *
 * @module
 */

import { isMissing } from "../program.ts";
import { proxies, type ProxyKind, ProxyProcess } from "../operations/proxies.ts";
import type { Certificate } from "./certificates.ts";

/** A way to the server. */
export interface Route {
  readonly id: string;
  /** What it is called. */
  readonly title: string;
  /** Whether its program is not installed, or not in the version that is expected. */
  readonly isMissing: boolean;
  /** Starts it in front of a port. */
  readonly start: (port: number) => Promise<{ readonly url: URL } & AsyncDisposable>;
}

/** Every proxy, with HTTP/1.1 and with HTTP/2. */
export function routes(certificate: Certificate | undefined): Promise<Route[]> {
  const [nginx, caddy] = proxies as [ProxyKind, ProxyKind];
  const { chain, key } = certificate ?? { chain: "", key: "" };
  const plainCaddy = change(caddy, (text) => text.replace("http://127.0.0.1:", "http://:"));
  const secureNginx = change(nginx, (text) =>
    text.replace(
      /listen (127.0.0.1:\d+);/,
      `listen $1 ssl http2; ssl_certificate ${chain}; ssl_certificate_key ${key};`,
    ));
  const secureCaddy = change(
    caddy,
    (text) =>
      text.replace("admin off", "admin off\n\tauto_https disable_redirects")
        .replace(/http:\/\/127.0.0.1(:\d+) \{/, `https://$1 {\n\ttls ${chain} ${key}`),
  );
  return Promise.all([
    route("nginx", "nginx", nginx),
    route("caddy", "Caddy", plainCaddy),
    route("nginx-h2", "nginx, HTTP/2", secureNginx, certificate),
    route("caddy-h2", "Caddy, HTTP/2", secureCaddy, certificate),
  ]);
}

/** Changes a proxy's whole configuration. */
function change(kind: ProxyKind, edit: (text: string) => string): ProxyKind {
  return { ...kind, configure: (...args) => edit(kind.configure(...args)) };
}

async function route(
  id: string,
  title: string,
  kind: ProxyKind,
  ...needed: readonly (Certificate | undefined)[]
): Promise<Route> {
  return {
    id,
    title,
    isMissing: await isMissing(kind.command) || needed.includes(undefined) ||
      id.startsWith("caddy") && !await isCaddy26(kind.command),
    async start(port) {
      const proxy = await ProxyProcess.start(kind, port);
      const url = new URL(proxy.url);
      if (needed.length > 0) url.protocol = "https:";
      return { url, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
    },
  };
}

/** Whether Caddy is of the version for which there are expectations. */
async function isCaddy26(command: string): Promise<boolean> {
  const { stdout } = await new Deno.Command(command, { args: ["version"] }).output();
  return /^v?2\.6\./.test(new TextDecoder().decode(stdout));
}
