/**
 * The body of a `Response`, sent by `node:http` or `node:http2`.
 *
 * `Readable.fromWeb(body).pipe(response)` never notices that a client has left. `pipeline()` does, and takes
 * more CPU time for each chunk. So chunks are written straight to the socket here, each when it has room.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import type { Socket } from "node:net";

/** A response of Node. */
export type Outgoing = ServerResponse | Http2ServerResponse;

/** Sends a body. Cancels it when the client has left; cuts the connection when it fails. */
export async function send(body: ReadableStream<Uint8Array>, outgoing: Outgoing): Promise<void> {
  // The client has left while the handler worked, so that no event `close` follows.
  if (outgoing.destroyed) return await body.cancel();
  const reader = body.getReader();
  const response = outgoing as ServerResponse;
  const output = outputOf(response);
  // The head, the bytes that are there already, and the end leave in one write.
  output.socket?.cork();
  response.flushHeaders?.();
  setImmediate(() => output.socket?.uncork());
  let onRoom = () => {};
  const hasRoom = () => onRoom();
  const target = output.socket ?? response;
  target.on("drain", hasRoom);
  response.on("close", () => {
    target.off("drain", hasRoom);
    onRoom();
    reader.cancel().catch(() => {}); // The body had failed.
  });
  // Also while the client reads nothing, so that no room comes.
  reader.closed.catch(() => response.destroy());
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      // A chunk without bytes would be the last one.
      if (value.length === 0) continue;
      const isFull = !output.write(value);
      if (isFull && !response.destroyed) await new Promise<void>((resolve) => onRoom = resolve);
    }
    response.end();
  } catch {
    // The connection is cut.
  }
}

/** Where a body goes. */
interface Output {
  /** Its socket; `undefined` if chunks go through the response. */
  readonly socket: Socket | undefined;
  /** Writes a chunk, and returns whether there is room for another. */
  readonly write: (chunk: Uint8Array) => boolean;
}

/**
 * The output of a response whose head has been written. A chunk of HTTP/1.1 goes to the socket as one
 * buffer: `response.write()` would hand the socket four of them, its length and line ends apart.
 */
function outputOf(response: ServerResponse): Output {
  const { socket } = response;
  const isChunked = (response as { chunkedEncoding?: boolean }).chunkedEncoding === true;
  // A response that waits for the one before it on the connection has no socket yet.
  return isChunked && socket
    ? { socket, write: (chunk) => socket.write(frame(chunk)) }
    : { socket: undefined, write: (chunk) => response.write(chunk) };
}

/** The chunk that was framed last: a hub sends the same chunk to all subscribers in turn. */
let framed: { readonly chunk: Uint8Array; readonly bytes: Uint8Array } | undefined;

/** Puts a chunk between its length and a line end (RFC 9112, section 7.1). */
function frame(chunk: Uint8Array): Uint8Array {
  if (framed?.chunk === chunk) return framed.bytes;
  const head = `${chunk.length.toString(16)}\r\n`;
  const bytes = new Uint8Array(head.length + chunk.length + 2);
  for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  bytes.set(chunk, head.length);
  bytes.set(LINE_END, head.length + chunk.length);
  framed = { chunk, bytes };
  return bytes;
}

const LINE_END = [13, 10];
