/**
 * Serves a fetch handler by `node:http`.
 *
 * @module
 */

import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { Fetch, RuntimeServer, ServeOptions } from "../runtime.ts";
import { nameListenError } from "./listen_error_name.ts";
import { type Incoming, toRequest } from "./node_request.ts";
import { type Outgoing, send } from "./node_response.ts";

/** Listens by `node:http`, with a certificate by `node:http2`, which also speaks HTTP/1.1. */
export function serveByNode(options: ServeOptions, fetch: Fetch): RuntimeServer {
  const { hostname, port, reusePort, cert, key, onListen, onError } = options;
  const answer = (incoming: Incoming, outgoing: Outgoing) => {
    respond(incoming, outgoing, fetch, cert === undefined ? "http" : "https")
      .catch((error) => {
        onError(error);
        outgoing.destroy();
      });
  };
  // How long a body and a silence may take is for the application to say.
  const settings = { keepAliveTimeout: 75_000, requestTimeout: 0 };
  const server = cert === undefined || key === undefined
    ? http.createServer(settings, answer)
    : http2.createSecureServer({ ...settings, cert, key, allowHTTP1: true }, answer);
  const finished = new Promise<void>((resolve, reject) => {
    server.on("close", resolve);
    server.on("error", (error) => reject(nameListenError(error)));
    server.listen({ host: hostname, port, reusePort, backlog: 4_096 }, () => {
      const { address, port } = server.address() as AddressInfo;
      onListen({ transport: "tcp", hostname: address, port });
    });
  });
  return {
    finished,
    shutdown() {
      server.close();
      if ("closeIdleConnections" in server) server.closeIdleConnections();
      return finished;
    },
  };
}

async function respond(incoming: Incoming, outgoing: Outgoing, fetch: Fetch, scheme: string) {
  const completed = new Promise<void>((resolve) => outgoing.on("close", resolve));
  // Without a listener, an error of a socket that has gone would end the process.
  outgoing.on("error", () => {});
  const { remoteAddress, remotePort } = incoming.socket;
  const remoteAddr = { transport: "tcp", hostname: remoteAddress, port: remotePort };
  let request;
  try {
    request = toRequest(incoming, scheme);
  } catch {
    // Such as the method TRACE, which `Request` does not take.
    outgoing.writeHead(400).end();
    return;
  }
  const { status, headers, body } = await fetch(request, { remoteAddr, completed });
  const fields: Record<string, string | string[]> = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) fields["set-cookie"] = cookies;
  // HTTP/2 has no such field (RFC 9113, section 8.2.2).
  if (incoming.httpVersionMajor > 1) delete fields.connection;
  (outgoing as http.ServerResponse).writeHead(status, fields);
  if (body && incoming.method !== "HEAD") return await send(body, outgoing);
  outgoing.end();
  await body?.cancel();
}
