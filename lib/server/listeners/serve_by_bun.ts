/**
 * Serves a fetch handler by `Bun.serve()`.
 *
 * @module
 */

import type { Fetch, RuntimeServer, ServeOptions } from "../runtime.ts";
import { nameListenError } from "./listen_error_name.ts";

/** Listens by `Bun.serve()`. */
export function serveByBun(options: ServeOptions, fetch: Fetch): RuntimeServer {
  const { hostname, port, reusePort, cert, key, onListen, onError } = options;
  const { promise: finished, resolve } = Promise.withResolvers<void>();
  const server = listen({
    hostname,
    port,
    reusePort,
    ...cert === undefined ? {} : { tls: { cert, key } },
    // Bun's own limit of 10 seconds would end a stream before its first heartbeat.
    idleTimeout: 0,
    // Else Bun prints a stack for each connection that is cut, although `error` answers it.
    development: false,
    fetch(request, server) {
      const peer = server.requestIP(request);
      const remoteAddr = { transport: "tcp", hostname: peer?.address, port: peer?.port };
      return fetch(request, { remoteAddr });
    },
    error: onError,
  });
  onListen({ transport: "tcp", hostname: server.hostname, port: server.port });
  return {
    finished,
    async shutdown() {
      await server.stop();
      resolve();
    },
  };
}

const { Bun: bun } = globalThis as unknown as { readonly Bun: Bun };

function listen(options: BunOptions): BunServer {
  try {
    return bun.serve(options);
  } catch (error) {
    throw error instanceof Error ? nameListenError(error) : error;
  }
}

/** The part of Bun that is used here. */
interface Bun {
  serve(options: BunOptions): BunServer;
}

interface BunOptions {
  readonly hostname: string;
  readonly port: number;
  readonly reusePort: boolean;
  readonly tls?: { readonly cert: string; readonly key: string | undefined };
  readonly idleTimeout: number;
  readonly development: boolean;
  readonly fetch: (request: Request, server: BunServer) => Promise<Response>;
  readonly error: (error: unknown) => Response;
}

interface BunServer {
  readonly hostname: string;
  readonly port: number;
  requestIP(
    request: Request,
  ): { readonly address: string; readonly port: number } | null;
  stop(): Promise<void>;
}
