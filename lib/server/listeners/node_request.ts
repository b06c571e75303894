/**
 * A request of `node:http` or `node:http2` as a `Request`.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { RawRequest } from "./raw_request.ts";

/** A request of Node. */
export type Incoming = IncomingMessage | Http2ServerRequest;

/** Makes a request. Throws if the method or the target is none that `Request` takes, such as TRACE. */
export function toRequest(incoming: Incoming, scheme: string): Request {
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
