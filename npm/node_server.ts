/**
 * Serves a fetch handler by `node:http`.
 *
 * `Readable.fromWeb(body).pipe(response)` never notices that a client has left. `pipeline()` does, but takes
 * some 7 % more CPU time (500 subscribers, 100 events/s, Node 24). So chunks are written straight to the
 * response here, each when the socket has room.
 *
 * @module
 */

import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import type { Fetch, RuntimeServer, ServeOptions } from "../lib/server/runtime.ts";
import { named } from "./listen_error_name.ts";
import { RawRequest } from "./raw_request.ts";

type Incoming = http.IncomingMessage | http2.Http2ServerRequest;
type Outgoing = http.ServerResponse | http2.Http2ServerResponse;

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
    server.on("error", (error) => reject(named(error)));
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
  if (body) await send(body, outgoing as http.ServerResponse);
  else outgoing.end();
}

function toRequest(incoming: Incoming, scheme: string): Request {
  const { method = "GET", url = "/", headers } = incoming;
  const host = headers[":authority"] ?? headers.host ?? "";
  const isAbsolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
  const target = isAbsolute ? url : `${scheme}://${host}${url === "*" ? "/*" : url}`;
  const fields = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    for (const text of Array.isArray(value) ? value : [value]) fields.append(name, text);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? bodyOf(incoming) : null;
  return new RawRequest(target, { method, headers: fields, body, duplex: "half" } as RequestInit);
}

/** A body that is read from the socket only as its reader asks for more. */
function bodyOf(incoming: Incoming): ReadableStream<Uint8Array> {
  let onReadable = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      incoming.on("readable", () => onReadable());
      incoming.on("end", () => controller.close());
      incoming.on("error", (error) => controller.error(error));
      incoming.on("aborted", () => controller.error(new Error("The client has left")));
    },
    async pull(controller) {
      let chunk = incoming.read();
      if (chunk === null && !incoming.readableEnded && !incoming.destroyed) {
        await new Promise<void>((resolve) => {
          onReadable = resolve;
          incoming.once("close", resolve);
          incoming.once("end", resolve);
        });
        chunk = incoming.read();
      }
      if (chunk) controller.enqueue(chunk);
    },
    cancel: () => void incoming.destroy(),
  }, { highWaterMark: 0 });
}

/** Sends a body. Cancels it when the client has left; cuts the connection when it fails. */
async function send(body: ReadableStream<Uint8Array>, outgoing: http.ServerResponse) {
  const reader = body.getReader();
  let onRoom = () => {};
  outgoing.on("drain", () => onRoom());
  outgoing.on("close", () => {
    onRoom();
    reader.cancel().catch(() => {}); // The body had failed.
  });
  // Also while the client reads nothing, so that no room comes.
  reader.closed.catch(() => outgoing.destroy());
  outgoing.flushHeaders?.();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const hasRoom = outgoing.write(value);
      if (!hasRoom && !outgoing.destroyed) await new Promise<void>((resolve) => onRoom = resolve);
    }
    outgoing.end();
  } catch {
    // The connection is cut.
  }
}
